import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { centerCrop, grayscale, type Pixels } from '../../../src/tasks/image/pixels.ts';
import { type Filter, resample } from '../../../src/tasks/image/resample.ts';

interface Reference {
  readonly width: number;
  readonly height: number;
  readonly data: number[];
  readonly gray: number[];
  readonly resized: readonly {
    readonly filter: Filter;
    readonly size: [number, number];
    readonly data: number[];
  }[];
}

const reference = JSON.parse(
  readFileSync(new URL('../../fixtures/resampling.json', import.meta.url), 'utf8'),
) as Reference;

const image: Pixels = {
  width: reference.width,
  height: reference.height,
  channels: 3,
  data: Uint8Array.from(reference.data),
};

describe('resampling', () => {
  it.each(reference.resized.map((each) => [each.filter, ...each.size, each.data] as const))(
    'with %s to %i x %i gives the bytes that Pillow gives',
    (filter, width, height, data) => {
      expect(Array.from(resample(image, width, height, filter).data)).toEqual(data);
    },
  );

  it('makes the gray that Pillow makes', () => {
    expect(Array.from(grayscale(image).data)).toEqual(reference.gray);
  });
});

describe('a center crop', () => {
  const line = (...data: number[]): Pixels => ({
    width: data.length,
    height: 1,
    channels: 1,
    data: Uint8Array.from(data),
  });

  it.each([
    [2, [2, 3]],
    [3, [1, 2, 3]],
    [4, [1, 2, 3, 4]],
    [5, [0, 1, 2, 3, 4]],
    [6, [0, 1, 2, 3, 4, 0]],
  ])('of %i out of four pixels', (width, expected) => {
    expect(Array.from(centerCrop(line(1, 2, 3, 4), width, 1).data)).toEqual(expected);
  });

  it('sets an image that is too small in the middle of black, both ways', () => {
    const { data } = centerCrop({ width: 1, height: 1, channels: 1, data: Uint8Array.of(9) }, 3, 3);
    expect(Array.from(data)).toEqual([0, 0, 0, 0, 9, 0, 0, 0, 0]);
  });
});
