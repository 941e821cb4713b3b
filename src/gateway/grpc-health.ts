import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import type { DataPlane } from '../inference/data-plane.ts';
import { type ServiceHost, withHook } from './grpc-hook.ts';
import { SERVICE } from './grpc-service.ts';

/**
 * `grpc.health.v1.Health` over the data plane. The server as a whole answers for the empty name and for the inference
 * service; every model answers for its own name.
 */
export class GrpcHealth {
  readonly #dataPlane: DataPlane;
  readonly #health = new HealthImplementation();
  readonly #statuses = new Map<string, ServingStatus>();
  #serving = true;

  constructor(dataPlane: DataPlane) {
    this.#dataPlane = dataPlane;
  }

  addTo(host: ServiceHost): void {
    // The package answers from what it was last told; a probe must see the readiness of this very moment.
    this.#health.addToServer(withHook(host, () => this.refresh()));
  }

  /** False: NOT_SERVING whatever the data plane says. Watchers hear of it at once. */
  setServing(serving: boolean): void {
    this.#serving = serving;
    this.refresh();
  }

  /** Reads the readiness of the server and of its models, and tells watchers what changed. */
  refresh(): void {
    const { ready } = this.#dataPlane;
    const models = new Map<string, boolean>();
    for (const name of this.#statuses.keys()) models.set(name, false);
    for (const { name, state } of this.#dataPlane.repositoryIndex()) {
      models.set(name, models.get(name) === true || state === 'READY');
    }
    for (const [name, modelReady] of models) this.#set(name, modelReady);
    this.#set('', ready);
    this.#set(SERVICE, ready);
  }

  #set(name: string, ready: boolean): void {
    const status = ready && this.#serving ? 'SERVING' : 'NOT_SERVING';
    if (this.#statuses.get(name) === status) return;
    this.#statuses.set(name, status);
    this.#health.setStatus(name, status);
  }
}
