import { isDominated, type Mark } from './pareto-front.ts';
import { type Box, placeLabel } from './place-label.ts';

export interface ParetoPicture {
  readonly title: string;
  readonly xLabel: string;
  readonly own: readonly Mark[];
  /** Of other models that were measured on the same rows, for comparison. */
  readonly others: readonly Mark[];
}

const WIDTH = 720;
const HEIGHT = 440;
const PLOT = { left: 66, right: WIDTH - 20, top: 62, bottom: HEIGHT - 56 };
const INK = '#24292f';
const FAINT = '#6e7781';
const OWN = '#0072b2';
const FRONT = '#d55e00';

type Place = (value: number) => number;

/** Accuracy against the logarithm of latency, one dot for a variant, with the Pareto line: a self-contained SVG. */
export function paretoPicture({ title, xLabel, own, others }: ParetoPicture): string {
  const marks = [...own, ...others];
  const xs = marks.map(({ ms }) => ms);
  const [least, most] = atLeastADecade(Math.min(...xs), Math.max(...xs));
  const toX = logPlace(least, most);
  const yTicks = percentTicks(marks.flatMap(({ accuracy, interval }) => [accuracy, ...(interval ?? [])]));
  const toY = linearPlace(yTicks[0] ?? 0, yTicks.at(-1) ?? 1);
  const dots = marks.map((mark): Box => {
    const [x, y, r] = [toX(mark.ms), toY(mark.accuracy), radius(mark.bytes) + 2];
    return { left: x - r, right: x + r, top: y - r, bottom: y + r };
  });
  const front = own.filter((mark) => !isDominated(mark, own)).sort((a, b) => a.ms - b.ms);
  const taken = [...dots, ...own.map((mark) => whiskerBox(mark, toX, toY)), ...lineBoxes(front, toX, toY)];
  const labels = marks.map((mark, index) => {
    const label = placeLabel(labelOf(mark), dots[index] ?? ORIGIN, taken, PLOT);
    taken.push(label.box);
    const colour = index < own.length ? INK : FAINT;
    return `<text class="label" x="${num(label.x)}" y="${num(label.y)}" fill="${colour}">${escaped(labelOf(mark))}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" font-family="sans-serif" font-size="12" fill="${INK}">`,
    `<title>${escaped(title)}</title>`,
    '<style>.label { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round }</style>',
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#fff"/>`,
    `<text x="${PLOT.left}" y="24" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    legend(others.length > 0),
    ...yTicks.map((tick) => yRule(tick, toY(tick), yTicks)),
    ...ticksBetween(least, most).map((tick) => xRule(tick, toX(tick))),
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(18 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">accuracy, %</text>`,
    paretoLine(front, toX, toY),
    ...own.map((mark) => whisker(mark, toX, toY)),
    ...marks.map((mark, index) => dot(mark, index < own.length ? own : undefined, toX, toY)),
    ...labels,
    '</svg>\n',
  ].join('\n');
}

const ORIGIN: Box = { left: 0, right: 0, top: 0, bottom: 0 };

const labelOf = ({ name, bytes }: Mark): string => `${name}, ${(bytes / 1e6).toFixed(1)} MB`;

/** The area of a dot is the size of its file. */
const radius = (bytes: number): number => Math.max(3, 2.4 * Math.sqrt(bytes / 1e6));

function logPlace(least: number, most: number): Place {
  const [from, to] = [Math.log(least), Math.log(most)];
  return (value) => PLOT.left + ((Math.log(value) - from) / (to - from)) * (PLOT.right - PLOT.left);
}

const linearPlace =
  (least: number, most: number): Place =>
  (value) =>
    PLOT.bottom - ((value - least) / (most - least)) * (PLOT.bottom - PLOT.top);

/** Wider by some room on both sides, and so wide that several ticks lie between. */
function atLeastADecade(least: number, most: number): [number, number] {
  const room = Math.max(1.6, Math.sqrt((10 * least) / most));
  return [least / room, most * room];
}

/** 1, 2 and 5 times powers of ten, as far as they lie between. */
function ticksBetween(least: number, most: number): number[] {
  const first = Math.floor(Math.log10(least));
  const last = Math.ceil(Math.log10(most));
  return Array.from({ length: last - first + 1 }, (_, index) =>
    [1, 2, 5].map((factor) => Number((factor * 10 ** (first + index)).toPrecision(3))),
  )
    .flat()
    .filter((tick) => tick >= least && tick <= most);
}

/** Fractions that are round as per cent, below and above all values. */
function percentTicks(values: readonly number[]): number[] {
  const [least, most] = [Math.min(...values) * 100, Math.max(...values) * 100];
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((each) => (most - least) / each <= 7) ?? 50;
  const first = Math.floor(least / step - 0.1);
  const last = Math.max(first + 1, Math.ceil(most / step + 0.1));
  return Array.from({ length: last - first + 1 }, (_, index) => ((first + index) * step) / 100);
}

function xRule(tick: number, x: number): string {
  const line = `<path d="M${num(x)} ${PLOT.top}V${PLOT.bottom}" stroke="${FAINT}" stroke-opacity="0.2"/>`;
  return `${line}<text x="${num(x)}" y="${PLOT.bottom + 18}" text-anchor="middle">${tick}</text>`;
}

function yRule(tick: number, y: number, all: readonly number[]): string {
  const line = `<path d="M${PLOT.left} ${num(y)}H${PLOT.right}" stroke="${FAINT}" stroke-opacity="0.2"/>`;
  const whole = all.every((each) => Math.abs(100 * each - Math.round(100 * each)) < 1e-9);
  const text = (100 * tick).toFixed(whole ? 0 : 1);
  return `${line}<text x="${PLOT.left - 8}" y="${num(y + 4)}" text-anchor="end">${text}</text>`;
}

/** What the best accuracy is at most so many milliseconds: steps from one undominated variant to the next. */
function paretoLine(front: readonly Mark[], toX: Place, toY: Place): string {
  const [first] = front;
  if (first === undefined) return '';
  const steps = front.slice(1).map((mark) => `H${num(toX(mark.ms))}V${num(toY(mark.accuracy))}`);
  const path = `M${num(toX(first.ms))} ${num(toY(first.accuracy))}${steps.join('')}H${PLOT.right}`;
  return `<path d="${path}" fill="none" stroke="${FRONT}" stroke-width="2"/>`;
}

/** The ground that the Pareto line covers, and the bars: labels keep off it where they can. */
function lineBoxes(front: readonly Mark[], toX: Place, toY: Place): Box[] {
  return front.flatMap(({ ms, accuracy }, index) => {
    const next = front[index + 1];
    const [x, y] = [toX(ms), toY(accuracy)];
    const right = next === undefined ? PLOT.right : toX(next.ms);
    const level = { left: x, right, top: y - 2, bottom: y + 2 };
    if (next === undefined) return [level];
    return [level, { left: right - 2, right: right + 2, top: toY(next.accuracy), bottom: y }];
  });
}

function whiskerBox({ ms, interval }: Mark, toX: Place, toY: Place): Box {
  if (interval === undefined) return ORIGIN;
  const x = toX(ms);
  return { left: x - 1, right: x + 1, top: toY(interval[1]), bottom: toY(interval[0]) };
}

function whisker({ ms, interval }: Mark, toX: Place, toY: Place): string {
  if (interval === undefined) return '';
  const x = toX(ms);
  const ends = interval.map((edge) => `M${num(x - 4)} ${num(toY(edge))}h8`);
  const stem = `M${num(x)} ${num(toY(interval[0]))}V${num(toY(interval[1]))}`;
  return `<path d="${ends.join('')}${stem}" stroke="${OWN}" stroke-opacity="0.35" fill="none"/>`;
}

/** Filled for those on the Pareto line, a ring for the dominated, grey for those of other models. */
function dot(mark: Mark, family: readonly Mark[] | undefined, toX: Place, toY: Place): string {
  const colour = family === undefined ? FAINT : OWN;
  const fill = family !== undefined && !isDominated(mark, family) ? OWN : '#fff';
  const dashes = family === undefined ? ' stroke-dasharray="3 2"' : '';
  return `<circle cx="${num(toX(mark.ms))}" cy="${num(toY(mark.accuracy))}" r="${num(radius(mark.bytes))}" fill="${fill}" stroke="${colour}" stroke-width="1.5"${dashes}/>`;
}

function legend(withOthers: boolean): string {
  const texts = ['on the Pareto line', 'dominated', ...(withOthers ? ['other models, same rows'] : [])];
  const symbols = [
    `<circle r="5" fill="${OWN}" stroke="${OWN}"/>`,
    `<circle r="5" fill="#fff" stroke="${OWN}" stroke-width="1.5"/>`,
    `<circle r="5" fill="#fff" stroke="${FAINT}" stroke-width="1.5" stroke-dasharray="3 2"/>`,
  ];
  let x = PLOT.left + 6;
  const parts = texts.map((text, index) => {
    const part = `<g transform="translate(${x} 42)">${symbols[index]}<text x="10" y="4">${text}</text></g>`;
    x += 34 + 6.4 * text.length;
    return part;
  });
  const note = 'area: bytes of the file; bars: 95 % interval';
  return `${parts.join('')}<text x="${PLOT.right}" y="24" text-anchor="end" fill="${FAINT}">${note}</text>`;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);

const num = (value: number): string => value.toFixed(1);
