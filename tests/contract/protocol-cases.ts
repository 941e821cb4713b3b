import { describe, expect, it } from 'vitest';
import { tensorFromJson } from '../../src/protocol/json-data.ts';
import { encodeRawTensor } from '../../src/protocol/raw-tensor.ts';
import { isDatatype } from '../../src/tensor/datatype.ts';
import { ANSWERS } from './answer-cases.ts';
import { FAULTS } from './fault-cases.ts';
import type { Carrier, CaseInput, ProtocolCase, ProtocolDriver } from './protocol-case.ts';

const PROTOCOL_CASES: readonly ProtocolCase[] = [...ANSWERS, ...FAULTS];

/** Registers every case that the driver's form can carry. */
export function describeProtocol(title: string, carrier: Carrier, driver: () => ProtocolDriver): void {
  describe(title, () => {
    const cases = PROTOCOL_CASES.filter(({ carriers }) => carriers?.includes(carrier) ?? true);
    it.each(cases)('$name', async ({ request, expected, message, outputs }) => {
      const { statusOf, send } = driver();
      const answer = await send(request);
      expect({ status: answer.status, message: answer.message }).toEqual({
        status: statusOf(expected),
        message: expected === 'ok' ? '' : expect.stringMatching(message ?? /./),
      });
      if (outputs !== undefined) expect(answer.outputs).toEqual(outputs);
    });
  });
}

/** The bytes of an input at the wire; empty where its datatype has none. */
export function bytesOf({ name, datatype, data, bytes }: CaseInput): Uint8Array {
  if (bytes !== undefined) return bytes;
  if (!isDatatype(datatype)) return new Uint8Array(0);
  return encodeRawTensor(tensorFromJson(name, datatype, [data.length], [...data]));
}
