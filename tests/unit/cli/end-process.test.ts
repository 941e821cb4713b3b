import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { modelFolder } from '../../support/onnx/make-models.ts';
import { slowModel } from '../../support/onnx/models.ts';

const folder = await modelFolder();
afterAll(() => folder[Symbol.asyncDispose]());

const source = (file: string): string =>
  JSON.stringify(new URL(`../../../src/${file}`, import.meta.url).href);

/** A thread that says so and is inside the runtime from then on. */
const threadOf = (model: string): string => `
  import { parentPort } from 'node:worker_threads';
  import { OrtSession } from ${source('workers/ort-session.ts')};
  const session = OrtSession.open(${JSON.stringify(model)}, { intraOpThreads: 1, executionProviders: ['cpu'] });
  parentPort.postMessage('open');
  session.runSync(new Map([['x', { datatype: 'FP32', shape: [1, 4], data: new Float32Array(4) }]]));
`;

/** A program that ends while its thread is there. */
const programOf = (thread: string): string => `
  import { Worker } from 'node:worker_threads';
  import { endProcess } from ${source('cli/end-process.ts')};
  const worker = new Worker(new URL(${JSON.stringify(thread)}));
  worker.on('message', () => setTimeout(() => endProcess(1), 200));
`;

test.runIf(process.platform !== 'win32')(
  'a process ends with its exit code while a worker is inside the runtime',
  async () => {
    const model = await folder.write('slow.onnx', slowModel({ size: 512, depth: 1000 }));
    const thread = await folder.write('thread.mjs', Buffer.from(threadOf(model)));
    const program = await folder.write('program.mjs', Buffer.from(programOf(pathToFileURL(thread).href)));
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(errors).toBe('');
  },
);
