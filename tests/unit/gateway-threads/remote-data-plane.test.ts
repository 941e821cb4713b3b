import { expect, test, vi } from 'vitest';
import type { MainThread } from '../../../src/gateway-threads/main-thread.ts';
import { RemoteDataPlane } from '../../../src/gateway-threads/remote-data-plane.ts';
import type { Datatype } from '../../../src/tensor/datatype.ts';
import { makeTensor } from '../../../src/tensor/tensor.ts';
import { echoModel, FakeRegistry } from '../../support/fake-registry.ts';

const TEXTS = makeTensor('BYTES', [2], ['a', 'b']);

/** A thread whose mirror has a model of that datatype, and texts for a model of that name. */
function send(datatype: Datatype, model = 'model') {
  const infer = vi.fn(async () => 'answer');
  const plane = new RemoteDataPlane(
    {
      registry: new FakeRegistry([echoModel('model', datatype, '')]),
      server: { name: 's', version: '0', extensions: [] },
      accepting: () => true,
    },
    { infer } as unknown as MainThread,
  );
  return {
    infer,
    answer: plane.infer({ model, parameters: new Map(), inputs: new Map([['input', TEXTS]]) }),
  };
}

test('texts for a model that takes none do not go to the main thread', async () => {
  const { infer, answer } = send('FP32');
  await expect(answer).rejects.toMatchObject({
    code: 'invalid_argument',
    message: "input 'input' has datatype BYTES, the model expects FP32",
  });
  expect(infer).not.toHaveBeenCalled();
});

test('texts that the model takes go there, and those for a model that the mirror does not have', async () => {
  for (const { infer, answer } of [send('BYTES'), send('FP32', 'unknown')]) {
    expect(await answer).toBe('answer');
    expect(infer).toHaveBeenCalledOnce();
  }
});
