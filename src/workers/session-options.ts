/** How a model file is opened; the same in the probe and in every instance. */
export interface SessionOptions {
  readonly intraOpThreads: number;
  /**
   * In order of preference, as ONNX Runtime names them. All of them must be there; the CPU is used only if it is
   * listed.
   */
  readonly executionProviders: readonly string[];
  /** How far the runtime may rewrite the graph; `all` when left out. */
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
}

/** The session's part of larger options: only what may cross to a thread or a child. */
export const sessionOptions = ({
  intraOpThreads,
  executionProviders,
  graphOptimization = 'all',
}: SessionOptions): SessionOptions => ({ intraOpThreads, executionProviders, graphOptimization });
