import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { METRICS } from '../../src/metrics/definitions.ts';
import { exists, list, read } from './repository-files.ts';

interface EnvVar {
  readonly name: string;
  readonly value?: string;
}

interface Probe {
  readonly timeoutSeconds?: number;
  readonly httpGet: { readonly path: string; readonly port: string | number };
}

interface Container {
  readonly args: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly resources: { readonly limits: { readonly memory: string } };
  readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface Service {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector: unknown;
    readonly ports: readonly { readonly port: number; readonly targetPort: string }[];
  };
}

const deployment = parse(read('k8s/base/deployment.yaml'));
const pod = deployment.spec.template.spec;
const container: Container = pod.containers[0];
const runtime = parse(read('k8s/overlays/kserve/cluster-serving-runtime.yaml'));
const runtimeContainer: Container = runtime.spec.containers[0];
const services: Service[] = parseAllDocuments(read('k8s/base/services.yaml')).map((each) => each.toJS());

/** The configuration a container starts with. A value Kubernetes fills in later is taken as 2. */
function configOf({ args, env = [] }: Container, name: string) {
  expect(args[0]).toBe('serve');
  const argv = args.slice(1).map((arg) => arg.replace('{{.Name}}', name));
  return loadConfig({ argv, env: Object.fromEntries(env.map((each) => [each.name, each.value ?? '2'])) });
}

const config = configOf(container, 'intent');

test('every manifest is listed in a kustomization and every listed one exists', () => {
  for (const path of list(/^k8s\/.*kustomization\.yaml$/)) {
    const folder = path.slice(0, path.lastIndexOf('/'));
    const { resources } = parse(read(path));
    const own = resources.filter((resource: string) => !resource.startsWith('..'));
    const listed = [...own, 'kustomization.yaml'].map((file) => `${folder}/${file}`);
    expect(listed.sort()).toEqual(list(new RegExp(`^${folder}/[^/]+\\.yaml$`)));
    expect(resources.every((resource: string) => exists(`${folder}/${resource}`))).toBe(true);
  }
});

test('the deployment starts the server with settings it accepts', () => {
  expect(config.host).toBe('0.0.0.0');
  expect(config.cores).toBe(2);
  const mount = container.volumeMounts.find(({ mountPath }) => mountPath === config.modelRepository);
  expect(mount?.readOnly).toBe(true);
});

test('ports of the container are those the server listens on', () => {
  expect(container.ports).toEqual([
    { name: 'http', containerPort: config.httpPort },
    { name: 'grpc', containerPort: config.grpcPort },
    { name: 'admin', containerPort: config.adminPort },
  ]);
  expect(deployment.spec.template.metadata.annotations['prometheus.io/port']).toBe(String(config.adminPort));
});

test('what requests at hand may hold is a small part of the memory of the container', () => {
  for (const each of [container, runtimeContainer]) {
    const limit = Number.parseInt(each.resources.limits.memory, 10) * 2 ** 30;
    expect(each.resources.limits.memory).toMatch(/^\d+Gi$/);
    expect(configOf(each, 'intent').maxInFlightBytes).toBe(limit / 16);
  }
});

test('services lead to ports of the container, on the same number', () => {
  const labels = deployment.spec.template.metadata.labels;
  expect(deployment.spec.selector.matchLabels).toEqual(labels);
  for (const { metadata, spec } of services) {
    expect(spec.selector, metadata.name).toEqual(labels);
    for (const { port, targetPort } of spec.ports) {
      const target = container.ports.find(({ name }) => name === targetPort);
      expect(port, metadata.name).toBe(target?.containerPort);
    }
  }
  expect(parse(read('k8s/base/disruption-budget.yaml')).spec.selector.matchLabels).toEqual(labels);
});

test('probes ask paths that the admin server has', () => {
  const admin = read('src/gateway/admin-server.ts');
  const { startupProbe, livenessProbe, readinessProbe } = container;
  for (const probe of [startupProbe, livenessProbe, readinessProbe]) {
    expect(probe?.httpGet.port).toBe('admin');
    expect(admin).toContain(`'${probe?.httpGet.path}'`);
  }
  const scrape: string = deployment.spec.template.metadata.annotations['prometheus.io/path'];
  expect(admin).toContain(`'${scrape}'`);
});

test('the kubelet waits longer than the server needs to drain', () => {
  expect(config.drainDelay).toBeGreaterThan(0);
  expect(config.shutdownGrace).toBeGreaterThan(config.drainDelay);
  expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(config.shutdownGrace);
  expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
});

test('variables that Kubernetes makes of Service names cannot change a setting', () => {
  expect(pod.enableServiceLinks).toBe(false);
});

test('the container has no more rights than it needs', () => {
  for (const { securityContext } of [container, runtimeContainer]) {
    expect(securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
});

test('both autoscalers, and the rule that feeds one, read a gauge of the server', () => {
  const { name, type } = METRICS.saturation;
  expect(type).toBe('gauge');
  const autoscaler = parse(read('k8s/base/autoscaler.yaml')).spec;
  expect(autoscaler.metrics[0].pods.metric.name).toBe(name);
  expect(autoscaler.scaleTargetRef.name).toBe(deployment.metadata.name);
  expect(autoscaler.behavior.scaleDown.stabilizationWindowSeconds).toBeGreaterThanOrEqual(300);
  const scaled = parse(read('k8s/overlays/keda/scaled-object.yaml')).spec;
  expect(scaled.triggers[0].metadata.query).toContain(`${name}{`);
  expect(scaled.scaleTargetRef.name).toBe(deployment.metadata.name);
  // KEDA takes an empty answer for 0 else, and a Prometheus without figures for an idle deployment.
  expect(scaled.triggers[0].metadata.ignoreNullValues).toBe('false');
  expect(scaled.triggers[0].metadata.query).toContain('namespace="');
  const [, pods = ''] = /pod=~"([^"]*)"/.exec(scaled.triggers[0].metadata.query) ?? [];
  const isOne = (name: string) => new RegExp(`^(?:${pods})$`).test(name);
  expect(isOne(`${deployment.metadata.name}-7d4b9c6f5-x2x9z`)).toBe(true);
  expect(isOne(`${deployment.metadata.name}-staging-7d4b9c6f5-x2x9z`)).toBe(false);
  const [, rules = ''] = /```yaml\n([\s\S]*?)```/.exec(read('k8s/README.md')) ?? [];
  const [rule] = parse(rules).rules;
  expect(rule.name.as).toBe(name);
  expect(rule.seriesQuery).toContain(`${name}{`);
});

test("KServe's runtime starts the server on KServe's ports, with the model's name", () => {
  const served = configOf(runtimeContainer, 'intent');
  expect([served.httpPort, served.grpcPort]).toEqual([8080, 9000]);
  expect([served.modelRepository, served.modelName, served.host]).toEqual([
    '/mnt/models',
    'intent',
    '0.0.0.0',
  ]);
  expect(runtime.spec.annotations['prometheus.kserve.io/port']).toBe(String(served.adminPort));
  for (const { httpGet } of [runtimeContainer.livenessProbe, runtimeContainer.readinessProbe]) {
    expect(httpGet.port).toBe(served.httpPort);
    expect(httpGet.path).toMatch(/^\/v2\/health\/(live|ready)$/);
  }
});

test('probes give a busy server more than the second that is the default', () => {
  for (const { livenessProbe, readinessProbe } of [container, runtimeContainer]) {
    expect(livenessProbe.timeoutSeconds).toBe(5);
    expect(readinessProbe.timeoutSeconds).toBe(3);
  }
});

test('images carry the version of the package', () => {
  const { version } = JSON.parse(read('package.json'));
  for (const path of ['k8s/base/kustomization.yaml', 'k8s/overlays/kserve/kustomization.yaml']) {
    expect(parse(read(path)).images).toEqual([{ name: 'sluice', newTag: version }]);
  }
  expect(read('k8s/README.md')).toContain(`sluice:${version}`);
});

test('every setting the manuals name exists', () => {
  const variables = Object.values(OPTIONS).map(({ env }): string => env);
  const flags = Object.values(OPTIONS).map((option): string => `--${option.flag}`);
  for (const path of ['k8s/README.md', 'docs/lifecycle.md', 'docs/metrics.md', 'README.md']) {
    const text = read(path);
    for (const [name] of text.matchAll(/SLUICE_[A-Z_]+/g)) {
      expect([...variables, 'SLUICE_CONFIG'], path).toContain(name);
    }
    for (const [, flag = ''] of text.matchAll(/`(--[a-z-]+)/g)) {
      expect([...flags, '--config', '--help'], path).toContain(flag);
    }
  }
});
