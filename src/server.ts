import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { NodeSlots } from './batching/node-slots.ts';
import { VersionSchedulers } from './batching/version-scheduler.ts';
import { ResultReuse } from './caching/result-reuse.ts';
import type { Config } from './config/config.ts';
import { prepareRuntimeEnvironment } from './config/runtime-environment.ts';
import type { AdminServer } from './gateway/admin-server.ts';
import { ByteBudget } from './gateway/byte-budget.ts';
import type { Address, Gateways } from './gateway/gateways.ts';
import { collectOldObjects } from './gateway/old-garbage.ts';
import { MirrorPublisher } from './gateway-threads/mirror-publisher.ts';
import { DataPlane } from './inference/data-plane.ts';
import { Lifecycle, type Stage } from './lifecycle.ts';
import { Metrics } from './metrics/metrics.ts';
import { VersionRecorders } from './metrics/version-recorders.ts';
import { ModelRegistry } from './repository/model-registry.ts';
import { openRepository } from './repository/model-repository.ts';
import { rolloutSchema } from './repository/rollout-config.ts';
import { ActiveRollouts } from './rollout/active-rollouts.ts';
import { NodeShares } from './scheduling/node-shares.ts';
import { rolloutMemory } from './state/rollout-memory.ts';
import { StateFolder } from './state/state-folder.ts';
import { createTaskPlane, type Tasks } from './tasks/task-plane.ts';
import { createVariantOpener } from './variant-opener.ts';
import { ComputeBudget } from './workers/compute-budget.ts';
import { availableCores } from './workers/defaults.ts';
import { LoadTurns } from './workers/load-turns.ts';
import { Prober } from './workers/probe.ts';

/** The extensions of the protocol that are implemented, by Triton's names. */
const EXTENSIONS = [
  'classification',
  'model_repository',
  'schedule_policy',
  'model_configuration',
  'binary_tensor_data',
  'parameters',
  'statistics',
] as const;

/**
 * Variants that are opened at the same time: more than the work is shared by, so that small ones do not wait for large
 * ones.
 */
const LOADS = 4;

/** Models whose variants may ask for their turn at the same time. */
const MODELS = 64;

/** What closing models and ports takes at the end of the grace, milliseconds. */
const CLOSING_TIME = 1000;

export interface ServerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
  /** Ends the process, after the shutdown that a signal began. */
  readonly exit: (code: number) => void;
  /** Where signals come from. */
  readonly signals: NodeJS.EventEmitter;
}

export interface Server {
  readonly addresses: Readonly<Record<'http' | 'grpc' | 'admin', Address>>;
  readonly lifecycle: Lifecycle;
  /** What the gateways speak to, for whoever runs the server in a process of their own. */
  readonly dataPlane: DataPlane;
}

/**
 * Puts the parts together: the only file that knows every one of them. The ports listen before the first model loads,
 * so that probes are answered from the start; readiness waits for the models. Settles when every first load has ended,
 * well or not; rejects where a port cannot be had or the repository not be read.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, logger, version, exit, signals } = options;
  prepareRuntimeEnvironment();
  const left = Math.max(0, config.shutdownGrace - config.drainDelay);
  const parts: Parts = { cutAfter: Math.max(left / 2, left - CLOSING_TIME) };
  const lifecycle = new Lifecycle({
    logger,
    drainDelay: config.drainDelay,
    grace: config.shutdownGrace,
    onDrain: () => {
      publisher.changed();
      parts.gateways?.drain();
    },
    stages: () => shutdownStages(parts),
    exit,
  });
  lifecycle.listen(signals);

  const metrics = new Metrics({ version, tritonMetrics: config.tritonMetrics });
  const recorders = new VersionRecorders();
  const prober = new Prober();
  const turns = new LoadTurns(LOADS);
  const repository = resolve(config.modelRepository);
  const { stateDir } = config;
  const state = stateDir === '' ? undefined : new StateFolder({ path: resolve(stateDir), logger });
  const cores = config.cores === 0 ? availableCores() : config.cores;
  const schedulers = new VersionSchedulers({
    slots: new NodeSlots(cores),
    shares: new NodeShares(),
    maxBytes: config.maxInFlightBytes,
    patience: config.patience,
    sojourn: { target: config.queueTarget, interval: 2 * config.queueTarget },
  });
  const reuse = new ResultReuse({ coalesce: config.coalesce, cacheBytes: config.responseCacheBytes });
  const begun = Promise.withResolvers<void>();
  const memory = state && rolloutMemory(state, repository, rolloutSchema);
  const rollouts: ActiveRollouts = new ActiveRollouts({
    logger,
    registry: () => registry,
    memory,
    onChange: () => changed(),
  });
  parts.rollouts = rollouts;
  const registry: ModelRegistry = new ModelRegistry({
    repository: openRepository({ path: repository, modelName: config.modelName }),
    mode: config.modelControlMode,
    loadModels: config.loadModels,
    parallelLoads: MODELS,
    pollInterval: config.pollInterval,
    openVariant: createVariantOpener({
      budget: new ComputeBudget(cores),
      prober,
      turns,
      state,
      metrics,
      statisticsOf: ({ model, version: each }) => recorders.of(model, each),
      schedulerOf: ({ model, version: each }) => schedulers.of(model, each),
      reuse,
    }),
    statisticsFor: (model, each) => recorders.open(model, each),
    onLoadEnded: (...load) => metrics.loadEnded(...load),
    onChange: () => changed(),
    onStateChange: (model, version, _variant, state) => {
      begun.resolve();
      // Gateway threads have tasks of their own.
      if (state === 'READY' && config.gatewayThreads === 0) void parts.tasks?.prepare(model, version);
    },
    rollouts,
    logger,
  });
  parts.registry = registry;
  const publisher: MirrorPublisher = new MirrorPublisher({
    registry,
    accepting: () => lifecycle.accepting,
    hasRollout: (model) => rollouts.of(model) !== undefined,
  });
  const changed = (): void => {
    publisher.changed();
    parts.gateways?.readinessChanged();
  };
  metrics.watchIndex(() => registry.index());
  metrics.watchSchedules(() => schedulers.states());
  metrics.watchRollouts(rollouts);
  metrics.watchCache(() => reuse.state());

  const dataPlane = new DataPlane({
    registry,
    rollouts,
    server: { name: 'sluice', version, extensions: EXTENSIONS },
    accepting: () => lifecycle.accepting,
    unresolved: (code) => metrics.requestUnresolved(code),
  });
  parts.tasks = createTaskPlane({ dataPlane, logger });
  const { host } = config;
  // Other cores open models while this thread loads the code of the gateways, which is as long.
  const loaded = registry.start().finally(() => turns.end());
  loaded.catch(() => {});
  await Promise.race([begun.promise, loaded.catch(() => {})]);
  try {
    const { createAdminServer } = await import('./gateway/admin-server.ts');
    parts.admin = await createAdminServer({
      dataPlane,
      metrics,
      rollouts: {
        set: (model, plan) => publisher.after(() => rollouts.set(model, plan)),
        remove: (model) => publisher.after(() => rollouts.remove(model)),
        describe: (model) => rollouts.describe(model),
      },
      host,
      port: config.adminPort,
      logger,
    });
    parts.opening = openGatewaysFor(config, {
      dataPlane,
      tasks: parts.tasks,
      publisher,
      metrics,
      logger,
    });
    const gateways = await parts.opening;
    parts.gateways = gateways;
    const addresses = { ...gateways.addresses, admin: parts.admin.address };
    logger.info({ addresses }, 'listening');
    await loaded;
    lifecycle.started();
    metrics.started();
    collectOldObjects();
    changed();
    await publisher.everywhere();
    if (!dataPlane.ready) logger.warn({ repository, reasons: dataPlane.reasons }, 'not ready');
    logger.info({ addresses, ready: dataPlane.ready, models: registry.models() }, 'server ready');
    return { addresses, lifecycle, dataPlane };
  } catch (error) {
    await lifecycle.shutdown('the start failed');
    throw error;
  }
}

interface GatewayParts {
  readonly dataPlane: DataPlane;
  readonly tasks: Tasks;
  readonly publisher: MirrorPublisher;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** REST and gRPC in this thread, or in threads of their own; their code is loaded here, which takes a while. */
async function openGatewaysFor(
  config: Config,
  { metrics, publisher, ...parts }: GatewayParts,
): Promise<Gateways> {
  const { host, httpPort, grpcPort, bodyLimit, maxInFlightBytes, rateLimit, gatewayThreads } = config;
  const options = {
    ...parts,
    host,
    httpPort,
    grpcPort,
    bodyLimit,
    ...(rateLimit === 0 ? {} : { rateLimit: { max: rateLimit, timeWindowMs: 1000 } }),
    onRequestEnded: { rest: metrics.transport('rest'), grpc: metrics.transport('grpc') },
  };
  if (gatewayThreads === 0) {
    const { openGateways } = await import('./gateway/gateways.ts');
    return openGateways({ ...options, budget: new ByteBudget(maxInFlightBytes) });
  }
  const { openGatewayThreads } = await import('./gateway-threads/gateway-threads.ts');
  const gateways = await openGatewayThreads({
    ...options,
    count: gatewayThreads,
    publisher,
    maxInFlightBytes,
    unresolved: (code) => metrics.requestUnresolved(code),
  });
  metrics.watchGatewayThreads(() => gateways.activeSeconds());
  return gateways;
}

/** What is open so far; a shutdown may come at any time of the start. */
interface Parts {
  registry?: ModelRegistry;
  rollouts?: ActiveRollouts;
  tasks?: Tasks;
  admin?: AdminServer;
  gateways?: Gateways;
  opening?: Promise<Gateways>;
  /** Milliseconds after which requests that have not finished are cut, so that the rest can still be closed in order. */
  readonly cutAfter: number;
}

/** Gateways first, so that nothing new arrives; models when no answer is owed any more; metrics last, to be seen. */
function shutdownStages({ admin, opening, registry, rollouts, cutAfter }: Parts): Stage[] {
  return [
    { name: 'gateways', run: async () => (await opening?.catch(() => undefined))?.close(cutAfter) },
    { name: 'models', run: () => registry?.close() },
    {
      name: 'admin',
      run: async () => {
        await admin?.close();
        await rollouts?.close();
      },
    },
  ];
}
