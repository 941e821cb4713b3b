/** Counts and times of one version since its load, in the shape of Triton's statistics extension (nanoseconds). */
export interface DurationStatistic {
  readonly count: number;
  readonly ns: number;
}

export interface BatchStatistic {
  readonly batch_size: number;
  readonly compute_input: DurationStatistic;
  readonly compute_infer: DurationStatistic;
  readonly compute_output: DurationStatistic;
}

export interface InferenceStatistics {
  readonly success: DurationStatistic;
  readonly fail: DurationStatistic;
  readonly queue: DurationStatistic;
  readonly compute_input: DurationStatistic;
  readonly compute_infer: DurationStatistic;
  readonly compute_output: DurationStatistic;
  readonly cache_hit: DurationStatistic;
  readonly cache_miss: DurationStatistic;
}

export interface StatisticsSnapshot {
  /** Milliseconds since the epoch of the last request; 0 before the first. */
  readonly last_inference: number;
  /** Rows computed. */
  readonly inference_count: number;
  /** Batches executed. */
  readonly execution_count: number;
  readonly inference_stats: InferenceStatistics;
  /** One entry per batch size that occurred, ascending. */
  readonly batch_stats: readonly BatchStatistic[];
}

export interface VersionStatistics {
  snapshot(): StatisticsSnapshot;
}

export interface ModelStatistics extends StatisticsSnapshot {
  readonly name: string;
  readonly version: string;
}
