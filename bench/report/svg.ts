/** Pieces of SVG, as text. */

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  readonly label?: string;
  /** Only points of one group are joined. */
  readonly group?: string;
}

export interface Series {
  readonly name: string;
  readonly points: readonly ChartPoint[];
  /** False: dots alone. */
  readonly line?: boolean;
}

export interface Axis {
  readonly title: string;
  /** Tick positions, ascending; the first and last are the ends of the axis. */
  readonly ticks: readonly number[];
  readonly scale: 'linear' | 'log';
  readonly format?: (value: number) => string;
}

const COLOURS = ['#2563eb', '#dc2626', '#059669', '#d97706', '#7c3aed', '#0891b2', '#be185d', '#4d7c0f'];

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 16;
const TOP = 16;
const BOTTOM = 48;

/** Lines through points, with axes, a legend, and a title on every point. */
export function lineChart(series: readonly Series[], x: Axis, y: Axis): string {
  const toX = place(x, LEFT, WIDTH - RIGHT);
  const toY = place(y, HEIGHT - BOTTOM, TOP);
  const lines = series.map(({ name, points, line = true }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const dots = points.map(
      (point) =>
        `<circle cx="${num(toX(point.x))}" cy="${num(toY(point.y))}" r="3"><title>${escapeText(point.label ?? name)}</title></circle>`,
    );
    const joined = groupsOf(line ? points : []).map((group) => {
      const path = group.map((point) => `${num(toX(point.x))},${num(toY(point.y))}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`;
    });
    return `<g fill="${colour}">${joined.join('')}${dots.join('')}</g>`;
  });
  return frame([...xAxis(x, toX), ...yAxis(y, toY), ...lines, legend(series.map(({ name }) => name))]);
}

const groupsOf = (points: readonly ChartPoint[]): (readonly ChartPoint[])[] => [
  ...Map.groupBy(points, ({ group }) => group).values(),
];

export interface StackedBar {
  readonly name: string;
  /** One value per part, in the order of the parts. */
  readonly values: readonly number[];
}

const BAR = 22;
const GAP = 10;
const NAME = 200;

/** Horizontal bars, each made of parts. */
export function stackedBars(parts: readonly string[], bars: readonly StackedBar[], unit: string): string {
  const height = bars.length * (BAR + GAP) + 40;
  const total = (bar: StackedBar): number => bar.values.reduce((sum, value) => sum + value, 0);
  const largest = Math.max(...bars.map(total), Number.MIN_VALUE);
  const toX = (value: number): number => NAME + (value / largest) * (WIDTH - NAME - 80);
  const rows = bars.map((bar, row) => {
    const top = row * (BAR + GAP);
    let before = 0;
    const pieces = bar.values.map((value, index) => {
      const start = toX(before);
      before += value;
      const title = `${parts[index] ?? ''}: ${value.toFixed(3)} ${unit}`;
      return `<rect x="${num(start)}" y="${top}" width="${num(toX(before) - start)}" height="${BAR}" fill="${COLOURS[index % COLOURS.length]}"><title>${escapeText(title)}</title></rect>`;
    });
    const name = `<text x="${NAME - 8}" y="${top + 16}" text-anchor="end">${escapeText(bar.name)}</text>`;
    const sum = `<text x="${num(toX(before) + 6)}" y="${top + 16}">${before.toFixed(2)} ${escapeText(unit)}</text>`;
    return name + pieces.join('') + sum;
  });
  const keys = parts.map(
    (part, index) =>
      `<rect x="${index * 92}" y="${height - 14}" width="10" height="10" fill="${COLOURS[index % COLOURS.length]}"/><text x="${index * 92 + 14}" y="${height - 5}">${escapeText(part)}</text>`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img">${rows.join('')}${keys.join('')}</svg>`;
}

/** Round ticks that hold all values: 1, 2 or 5 times powers of ten, from zero for a linear axis. */
export function ticksFor(values: readonly number[], scale: Axis['scale']): number[] {
  const most = Math.max(...values, scale === 'log' ? 0.001 : 1e-9);
  if (scale === 'log') {
    const least = Math.min(...values.filter((value) => value > 0), most);
    const first = Math.floor(Math.log10(least));
    const last = Math.max(first + 1, Math.ceil(Math.log10(most)));
    return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  }
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}

export const escapeText = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);

function place({ ticks, scale }: Axis, from: number, to: number): (value: number) => number {
  const way =
    scale === 'log'
      ? (value: number) => Math.log10(Math.max(value, Number.MIN_VALUE))
      : (value: number) => value;
  const [least, most] = [way(ticks[0] ?? 0), way(ticks.at(-1) ?? 1)];
  return (value) =>
    from + ((Math.min(Math.max(way(value), least), most) - least) / (most - least || 1)) * (to - from);
}

const xAxis = ({ title, ticks, format = plain }: Axis, toX: (value: number) => number): string[] => [
  ...ticks.map(
    (tick) =>
      `<line class="grid" x1="${num(toX(tick))}" x2="${num(toX(tick))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text x="${num(toX(tick))}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${format(tick)}</text>`,
  ),
  `<text x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escapeText(title)}</text>`,
];

const yAxis = ({ title, ticks, format = plain }: Axis, toY: (value: number) => number): string[] => [
  ...ticks.map(
    (tick) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${num(toY(tick))}" y2="${num(toY(tick))}"/><text x="${LEFT - 6}" y="${num(toY(tick) + 4)}" text-anchor="end">${format(tick)}</text>`,
  ),
  `<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${escapeText(title)}</text>`,
];

const legend = (names: readonly string[]): string =>
  names
    .map(
      (name, index) =>
        `<rect x="${LEFT + 10}" y="${TOP + 8 + index * 16}" width="10" height="10" fill="${COLOURS[index % COLOURS.length]}"/><text x="${LEFT + 26}" y="${TOP + 17 + index * 16}">${escapeText(name)}</text>`,
    )
    .join('');

const frame = (parts: readonly string[]): string =>
  `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${parts.join('')}</svg>`;

const plain = (value: number): string => String(Number(value.toPrecision(4)));
const num = (value: number): string => value.toFixed(1);
