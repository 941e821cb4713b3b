import { StatisticsRecorder } from './statistics.ts';

/** The statistics of every version in memory; all variants of a version report to the same recorder. */
export class VersionRecorders {
  readonly #recorders = new Map<string, StatisticsRecorder>();

  /** Starts a version's statistics anew. */
  open(model: string, version: string): StatisticsRecorder {
    const recorder = new StatisticsRecorder();
    this.#recorders.set(`${model}/${version}`, recorder);
    return recorder;
  }

  of(model: string, version: string): StatisticsRecorder {
    return this.#recorders.get(`${model}/${version}`) ?? this.open(model, version);
  }
}
