import { z } from 'zod';

/**
 * Every setting of the server: one row is its key in the config file, its flag, its environment variable, its schema
 * (with default) and its help. The command line, the docs page and the checks are all read from here.
 */
export interface Option {
  readonly flag: string;
  readonly env: string;
  readonly schema: z.ZodType;
  /** Whether an empty variable is a value; else it is as if it were not there. */
  readonly emptyCounts?: boolean;
  /** Meaning, unit and range, one sentence. */
  readonly help: string;
}

/** Numbers of flags and variables come as text; anything that is not a number is left for the schema to refuse. */
const number = (schema: z.ZodNumber) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value),
    schema,
  );

const port = number(z.number().int().min(0).max(65_535));
const count = (min: number, max: number) => number(z.number().int().min(min).max(max));
const milliseconds = (min = 0) => number(z.number().min(min).max(86_400_000));

/** Booleans of flags and variables come as text; of a file, as they are. */
const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])])
  .transform((value) => value === true || value === 'true' || value === '1');

/** A list in a file, comma-separated text in a flag or variable. */
const names = z
  .union([z.array(z.string()), z.string().transform((text) => text.split(',').map((part) => part.trim()))])
  .transform((list) => list.filter((name) => name !== ''));

export const OPTIONS = {
  host: {
    flag: 'host',
    env: 'SLUICE_HOST',
    schema: z.string().min(1).default('127.0.0.1'),
    help: 'Address that REST, gRPC and admin listen on.',
  },
  httpPort: {
    flag: 'http-port',
    env: 'SLUICE_HTTP_PORT',
    schema: port.default(8000),
    help: 'REST port; 0 takes any free one.',
  },
  grpcPort: {
    flag: 'grpc-port',
    env: 'SLUICE_GRPC_PORT',
    schema: port.default(8001),
    help: 'gRPC port; 0 takes any free one.',
  },
  adminPort: {
    flag: 'admin-port',
    env: 'SLUICE_ADMIN_PORT',
    schema: port.default(8002),
    help: 'Port of metrics and probes; 0 takes any free one.',
  },
  modelRepository: {
    flag: 'model-repository',
    env: 'SLUICE_MODEL_REPOSITORY',
    schema: z.string().min(1).default('models'),
    help: 'Folder with the models; read only.',
  },
  modelName: {
    flag: 'model-name',
    env: 'SLUICE_MODEL_NAME',
    schema: z.string().default(''),
    help: 'Name to serve a repository under that is itself a single model.',
  },
  stateDir: {
    flag: 'state-dir',
    env: 'SLUICE_STATE_DIR',
    schema: z.string().default('auto'),
    emptyCounts: true,
    help: "Folder for what is learned about models and how rollouts stand, kept for the next start; auto: 'sluice' in the user's state folder (XDG); empty: nothing is kept.",
  },
  modelControlMode: {
    flag: 'model-control-mode',
    env: 'SLUICE_MODEL_CONTROL_MODE',
    schema: z.enum(['none', 'poll', 'explicit']).default('none'),
    help: 'none: load all at start; poll: follow changes on disk; explicit: load and unload by the API.',
  },
  loadModels: {
    flag: 'load-models',
    env: 'SLUICE_LOAD_MODELS',
    schema: names.default([]),
    help: "Models to load at start in mode explicit, comma-separated; '*' for all.",
  },
  pollInterval: {
    flag: 'poll-interval',
    env: 'SLUICE_POLL_INTERVAL',
    schema: milliseconds(100).default(5000),
    help: 'Time between two looks at the repository in mode poll, milliseconds.',
  },
  cores: {
    flag: 'cores',
    env: 'SLUICE_CORES',
    schema: count(0, 1024).default(0),
    help: 'Cores to plan instances and threads for; 0 asks the system.',
  },
  gatewayThreads: {
    flag: 'gateway-threads',
    env: 'SLUICE_GATEWAY_THREADS',
    schema: count(0, 256).default(0),
    help: 'Threads that speak REST and gRPC, for machines on which the main thread is the limit; 0 for the main thread itself.',
  },
  bodyLimit: {
    flag: 'body-limit',
    env: 'SLUICE_BODY_LIMIT',
    schema: count(1024, 2_147_483_647).default(64 * 1024 * 1024),
    help: 'Largest request, after decompression, bytes; where `maxInFlightBytes` is less, that is the limit.',
  },
  maxInFlightBytes: {
    flag: 'max-in-flight-bytes',
    env: 'SLUICE_MAX_IN_FLIGHT_BYTES',
    schema: count(1024, Number.MAX_SAFE_INTEGER).default(1024 * 1024 * 1024),
    help: 'Inputs of one version that may wait or run together, and long bodies, gRPC messages and REST answers at hand, bytes; more is refused with 429 or RESOURCE_EXHAUSTED, what is more alone with 413.',
  },
  coalesce: {
    flag: 'coalesce',
    env: 'SLUICE_COALESCE',
    schema: flag.default(true),
    help: 'Compute identical requests in flight once, for the models whose `coalesce` allows it; false for none.',
  },
  responseCacheBytes: {
    flag: 'response-cache-bytes',
    env: 'SLUICE_RESPONSE_CACHE_BYTES',
    schema: count(0, Number.MAX_SAFE_INTEGER).default(0),
    help: 'Size of the response cache of the models that ask for it, bytes; 0 for no cache.',
  },
  patience: {
    flag: 'patience',
    env: 'SLUICE_PATIENCE',
    schema: milliseconds(1).default(30_000),
    help: 'Deadline of a request that brings none and whose model has none, milliseconds after its arrival.',
  },
  queueTarget: {
    flag: 'queue-target',
    env: 'SLUICE_QUEUE_TARGET',
    schema: milliseconds(1).default(5000),
    help: 'Longest wait of such requests in a queue that never empties, milliseconds; more is refused with 429.',
  },
  rateLimit: {
    flag: 'rate-limit',
    env: 'SLUICE_RATE_LIMIT',
    schema: count(0, 10_000_000).default(0),
    help: 'REST requests per client address and second; 0 for no limit.',
  },
  drainDelay: {
    flag: 'drain-delay',
    env: 'SLUICE_DRAIN_DELAY',
    schema: milliseconds().default(0),
    help: 'How long to go on accepting after SIGTERM while readiness already says no, milliseconds.',
  },
  shutdownGrace: {
    flag: 'shutdown-grace',
    env: 'SLUICE_SHUTDOWN_GRACE',
    schema: milliseconds().default(25_000),
    help: 'Time from SIGTERM until the process must have ended, drain delay included, milliseconds.',
  },
  tritonMetrics: {
    flag: 'triton-metrics',
    env: 'SLUICE_TRITON_METRICS',
    schema: flag.default(false),
    help: 'Export the nv_inference_* names of Triton too.',
  },
  logLevel: {
    flag: 'log-level',
    env: 'SLUICE_LOG_LEVEL',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    help: 'Least level that is logged.',
  },
} as const satisfies Record<string, Option>;

export type OptionKey = keyof typeof OPTIONS;
