import type { NumericData } from '../tensor/datatype.ts';
import { isStrings, type Tensor, type TensorMap } from '../tensor/tensor.ts';

export interface Comparison {
  /** Rows that were compared. */
  readonly rows: number;
  /**
   * How many of them agree, a row being counted by the part of it that does; undefined where no output has classes, or
   * there is no row.
   */
  readonly agreed: number | undefined;
  /** Between two floats; Infinity where only one of them is a number. */
  readonly largestDifference: number;
}

/** Elements of an output that are looked at: comparing more would keep the event loop from live requests. */
const MOST_ELEMENTS = 65_536;

type Values = NumericData | Float16Array;

/**
 * Compares answers to the same request. Floats agree where their largest value is at the same place of the last axis;
 * integers, booleans and strings where they are equal. An output of one float a row has no classes: only its difference
 * counts. One that has another shape agrees nowhere, one that only one of the answers has is not compared. The last axis
 * of a row belongs together, the positions before it are parts of the row; outputs count alike.
 *
 * @param rows of `other`, which may be the first ones of `live`
 * @param liveRows of `live`
 */
export function compareOutputs(
  live: TensorMap,
  other: TensorMap,
  rows: number,
  liveRows: number,
): Comparison {
  if (rows === 0 || liveRows === 0) return { rows: 0, agreed: undefined, largestDifference: 0 };
  const shared = [...live].flatMap(([name, own]) => {
    const their = other.get(name);
    return their === undefined ? [] : [{ own, their }];
  });
  const perRow = Math.max(1, ...shared.map(({ own }) => own.data.length / liveRows));
  const counted = Math.min(rows, Math.max(1, Math.floor(MOST_ELEMENTS / perRow)));
  let judged = 0;
  let agreed = 0;
  let largest = 0;
  for (const { own, their } of shared) {
    const part = compareTensor(own, their, { liveRows, rows, counted });
    largest = Math.max(largest, part.largest);
    if (part.agreed === undefined) continue;
    judged++;
    agreed += part.agreed;
  }
  return {
    rows: counted,
    agreed: judged === 0 ? undefined : agreed / judged,
    largestDifference: largest,
  };
}

interface Counts {
  readonly liveRows: number;
  readonly rows: number;
  readonly counted: number;
}

interface Part {
  readonly agreed: number | undefined;
  readonly largest: number;
}

function compareTensor(live: Tensor, other: Tensor, { liveRows, rows, counted }: Counts): Part {
  const perRow = live.data.length / liveRows;
  if (other.datatype !== live.datatype || other.data.length !== perRow * rows) {
    return { agreed: 0, largest: 0 };
  }
  if (perRow === 0) return { agreed: undefined, largest: 0 };
  const width = live.shape.length > 1 ? (live.shape.at(-1) ?? 1) : perRow;
  if (other.shape.length > 1 && other.shape.at(-1) !== width) return { agreed: 0, largest: 0 };
  const [a, b] = [floatsOf(live), floatsOf(other)];
  if (a === undefined || b === undefined)
    return { agreed: equalRows(live, other, perRow, counted), largest: 0 };
  const looked = Math.max(width, Math.floor(MOST_ELEMENTS / width) * width);
  return compareFloats(a, b, { perRow, width, counted, looked: Math.min(perRow, looked) });
}

interface FloatCounts {
  readonly perRow: number;
  readonly width: number;
  readonly counted: number;
  /** Elements of a row that are looked at. */
  readonly looked: number;
}

function compareFloats(a: Values, b: Values, { perRow, width, counted, looked }: FloatCounts): Part {
  let agreed = 0;
  let largest = 0;
  for (let row = 0; row < counted; row++) {
    let same = 0;
    const start = row * perRow;
    for (let at = start; at < start + looked; at += width) {
      if (largestAt(a, at, width) === largestAt(b, at, width)) same++;
      for (let index = at; index < at + width; index++) largest = Math.max(largest, difference(a, b, index));
    }
    agreed += same / (looked / width);
  }
  return { agreed: width > 1 ? agreed : undefined, largest };
}

/** Index of the largest of `width` values, the first of equal ones; -1 where none is a number. */
function largestAt(values: Values, start: number, width: number): number {
  let best = -1;
  let most = Number.NaN;
  for (let index = 0; index < width; index++) {
    const value = Number(values[start + index]);
    if (!(value > most) && (best >= 0 || Number.isNaN(value))) continue;
    best = index;
    most = value;
  }
  return best;
}

function difference(a: Values, b: Values, index: number): number {
  const [one, other] = [Number(a[index]), Number(b[index])];
  if (Object.is(one, other)) return 0;
  const distance = Math.abs(one - other);
  return Number.isNaN(distance) ? Infinity : distance;
}

function equalRows(live: Tensor, other: Tensor, perRow: number, counted: number): number {
  const looked = Math.min(perRow, MOST_ELEMENTS);
  let agreed = 0;
  for (let row = 0; row < counted; row++) {
    let same = 0;
    for (let index = row * perRow; index < row * perRow + looked; index++) {
      if (live.data[index] === other.data[index]) same++;
    }
    agreed += same / looked;
  }
  return agreed;
}

/** The values of a float tensor; undefined for every other. */
function floatsOf({ datatype, data }: Tensor): Values | undefined {
  if (isStrings(data)) return undefined;
  if (datatype === 'FP32' || datatype === 'FP64') return data;
  return datatype === 'FP16' ? new Float16Array(data.buffer, data.byteOffset, data.length) : undefined;
}
