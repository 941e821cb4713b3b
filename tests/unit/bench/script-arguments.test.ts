import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const run = (script: string, ...argv: readonly string[]) => {
  const path = fileURLToPath(new URL(`../../../bench/${script}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...argv], { encoding: 'utf8' });
  return { status, stdout, stderr };
};

describe('the npm scripts of the bench', () => {
  it.each([
    ['main.ts', 'npm run bench'],
    ['sim/main.ts', 'simulator'],
    ['live/main.ts', 'npm run live'],
    ['counts/main.ts', 'npm run counts'],
  ])('%s tells how it is used, and what is wrong in one line', (script, usage) => {
    expect(run(script, '--help')).toEqual({ status: 0, stdout: expect.stringContaining(usage), stderr: '' });
    const wrong = run(script, '--wrong');
    expect(wrong).toMatchObject({ status: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/^Unknown option '--wrong'.*\n$/);
  });

  it('names the cases there are, and the limit of a value', () => {
    expect(run('main.ts', 'tiny', 'huge').stderr).toBe(
      "no case 'huge', there are encoder, text, tiny, image, plain, memory, start\n",
    );
    expect(run('main.ts', '--soak', '0').stderr).toBe("--soak is '0', it must be a number above 0\n");
    expect(run('live/main.ts', '--cores', '1.5').stderr).toBe(
      "--cores is '1.5', it must be a whole number above 0\n",
    );
  });
});
