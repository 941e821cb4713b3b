import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { helpText, loadConfig } from '../../../src/config/config.ts';
import { OPTIONS } from '../../../src/config/options.ts';

function configFile(content: unknown): string {
  const path = join(mkdtempSync(join(tmpdir(), 'sluice-config-')), 'sluice.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('loadConfig', () => {
  it('is complete and frozen when nothing is given', () => {
    const config = loadConfig({ env: {} });
    expect(Object.keys(config).sort()).toEqual(Object.keys(OPTIONS).sort());
    expect(config).toMatchObject({ host: '127.0.0.1', httpPort: 8000, grpcPort: 8001, adminPort: 8002 });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('prefers flags to the environment, the environment to the file, the file to the defaults', () => {
    const path = configFile({ httpPort: 1, grpcPort: 1, adminPort: 1 });
    const env = { SLUICE_CONFIG: path, SLUICE_GRPC_PORT: '2', SLUICE_ADMIN_PORT: '2' };
    const config = loadConfig({ argv: ['--admin-port', '3'], env });
    expect(config).toMatchObject({ httpPort: 1, grpcPort: 2, adminPort: 3, host: '127.0.0.1' });
  });

  it('takes lists as text and as arrays', () => {
    expect(loadConfig({ argv: ['--load-models', 'a, b,'], env: {} }).loadModels).toEqual(['a', 'b']);
    expect(loadConfig({ argv: ['--config', configFile({ loadModels: ['c'] })], env: {} }).loadModels).toEqual(
      ['c'],
    );
  });

  it('treats an empty variable as absent', () => {
    expect(loadConfig({ env: { SLUICE_HTTP_PORT: '' } }).httpPort).toBe(8000);
  });

  it.each([
    [['--http-port', '65536'], {}, /'httpPort'/],
    [['--http-port', 'eighty'], {}, /'httpPort'/],
    [['--log-level', 'loud'], {}, /'logLevel'/],
    [['--htp-port', '1'], {}, /--htp-port/],
    [[], { SLUICE_HTTP_PROT: '1' }, /SLUICE_HTTP_PROT/],
    [[], { SLUICE_HTP_PORT: '9000' }, /SLUICE_HTP_PORT/],
    [[], { SLUICE_TRITON_METRICS: 'perhaps' }, /'tritonMetrics'/],
    [['--config', configFile({ htpPort: 1 })], {}, /htpPort/],
    [['--config', configFile('{')], {}, /configuration file/],
    [['--config', '/nonexistent/sluice.json'], {}, /configuration file/],
  ])('an unknown or impossible setting stops the start and is named (%j %j)', (argv, env, message) => {
    expect(() => loadConfig({ argv, env })).toThrow(message);
  });

  it("lets the variables pass that Kubernetes sets for a Service named 'sluice'", () => {
    const env = {
      SLUICE_SERVICE_HOST: '10.0.0.1',
      SLUICE_PORT: 'tcp://10.0.0.1:8000',
      SLUICE_PORT_8000_TCP_ADDR: 'x',
    };
    expect(() => loadConfig({ env })).not.toThrow();
  });

  it('names every flag and variable in the help', () => {
    for (const { flag, env } of Object.values(OPTIONS)) {
      expect(helpText()).toContain(`--${flag} `);
      expect(helpText()).toContain(env);
    }
  });
});
