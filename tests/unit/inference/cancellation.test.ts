import { describe, expect, it } from 'vitest';
import { Cancellation, type CancelSignal } from '../../../src/inference/cancellation.ts';

function listening(signal: CancelSignal) {
  const listener = { told: 0, handleEvent: () => void listener.told++ };
  signal.addEventListener('abort', listener);
  return listener;
}

describe('a cancellation', () => {
  it('tells whoever listens, once', () => {
    const cancellation = new Cancellation();
    const listeners = [listening(cancellation), listening(cancellation)];
    expect(cancellation.aborted).toBe(false);
    cancellation.abort();
    cancellation.abort();
    expect(cancellation.aborted).toBe(true);
    expect(listeners.map(({ told }) => told)).toEqual([1, 1]);
  });

  it('tells nobody who does not listen any more, or listens too late', () => {
    const cancellation = new Cancellation();
    const [gone, staying] = [listening(cancellation), listening(cancellation)];
    cancellation.removeEventListener('abort', gone);
    cancellation.removeEventListener('abort', gone);
    cancellation.abort();
    const late = listening(cancellation);
    cancellation.abort();
    expect([gone.told, staying.told, late.told]).toEqual([0, 1, 0]);
  });

  it('tells everyone though one leaves meanwhile', () => {
    const cancellation = new Cancellation();
    const leaving = { handleEvent: () => cancellation.removeEventListener('abort', leaving) };
    cancellation.addEventListener('abort', leaving);
    const other = listening(cancellation);
    cancellation.abort();
    expect(other.told).toBe(1);
  });

  it('is what an AbortSignal is too', () => {
    const controller = new AbortController();
    const listener = listening(controller.signal);
    controller.abort();
    expect(listener.told).toBe(1);
  });
});
