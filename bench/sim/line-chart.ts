export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Drawn thick: what the picture is about. */
  readonly ours?: boolean;
  readonly dashed?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
}

export interface Chart {
  readonly panels: readonly Panel[];
  /** Values on the axes; positions on the x axis are logarithmic. */
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
  readonly xLabel: string;
  readonly yLabel: string;
}

const PANEL = { width: 300, height: 210, left: 44, top: 30, bottom: 36, right: 10 };
const LEGEND = { line: 18, top: 12 };
/** Distinct also for the colour-blind (the palette of Okabe and Ito), and on white and dark ground. */
const COLOURS = [
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#8a8a8a',
  '#b8a800',
  '#7a5195',
];
const INK = '#666';

/** Line charts side by side with one legend, as a self-contained SVG. */
export function lineChart({ panels, xTicks, yTicks, xLabel, yLabel }: Chart): string {
  const names = panels[0]?.series ?? [];
  const columns = Math.min(panels.length, 3);
  const rows = Math.ceil(panels.length / columns);
  const width = columns * PANEL.width;
  const perLine = Math.max(1, Math.floor(width / 190));
  const legendHeight = LEGEND.top + Math.ceil(names.length / perLine) * LEGEND.line;
  const height = rows * PANEL.height + legendHeight;
  const colourOf = (name: string) =>
    COLOURS[names.findIndex((each) => each.name === name) % COLOURS.length] ?? INK;
  const scale = {
    x: (value: number) => span(Math.log(value), xTicks.map(Math.log), PANEL.left, PANEL.width - PANEL.right),
    y: (value: number) => span(value, yTicks, PANEL.height - PANEL.bottom, PANEL.top),
  };
  const body = panels.map((panel, index) => {
    const at = `translate(${(index % columns) * PANEL.width} ${Math.floor(index / columns) * PANEL.height})`;
    const lines = panel.series.map((series) => path(series, colourOf(series.name), scale));
    return `<g transform="${at}">${frame(panel.title, xTicks, yTicks, xLabel, yLabel, scale)}${lines.join('')}</g>`;
  });
  const legend = names.map((series, index) => {
    const x = PANEL.left + (index % perLine) * 190;
    const y = rows * PANEL.height + LEGEND.top + Math.floor(index / perLine) * LEGEND.line;
    const mark = `<path d="M${x} ${y}h22" ${stroke(series, colourOf(series.name))}/>`;
    return `${mark}<text x="${x + 28}" y="${y + 4}">${series.name}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" `,
    `font-family="sans-serif" font-size="11" fill="${INK}">`,
    ...body,
    ...legend,
    '</svg>\n',
  ].join('\n');
}

interface Scale {
  x(value: number): number;
  y(value: number): number;
}

function frame(
  title: string,
  xTicks: readonly number[],
  yTicks: readonly number[],
  xLabel: string,
  yLabel: string,
  scale: Scale,
): string {
  const bottom = PANEL.height - PANEL.bottom;
  const right = PANEL.width - PANEL.right;
  const rules = yTicks.map(
    (tick) =>
      `<path d="M${PANEL.left} ${fixed(scale.y(tick))}H${right}" stroke="${INK}" stroke-opacity="0.25"/>` +
      `<text x="${PANEL.left - 6}" y="${fixed(scale.y(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const marks = xTicks.map(
    (tick) => `<text x="${fixed(scale.x(tick))}" y="${bottom + 15}" text-anchor="middle">${tick}</text>`,
  );
  return [
    `<text x="${PANEL.left}" y="18" font-weight="bold">${title}</text>`,
    ...rules,
    ...marks,
    `<text x="${(PANEL.left + right) / 2}" y="${bottom + 30}" text-anchor="middle">${xLabel}</text>`,
    `<text transform="translate(11 ${(PANEL.top + bottom) / 2}) rotate(-90)" text-anchor="middle">${yLabel}</text>`,
  ].join('');
}

function path(series: Series, colour: string, scale: Scale): string {
  const at = series.points.map(({ x, y }) => `${fixed(scale.x(x))} ${fixed(scale.y(y))}`);
  return `<path d="M${at.join('L')}" ${stroke(series, colour)}/>`;
}

const stroke = ({ ours, dashed }: Series, colour: string): string =>
  `fill="none" stroke="${colour}" stroke-width="${ours ? 3 : 1.5}"${dashed ? ' stroke-dasharray="4 3"' : ''}`;

/** Where a value lies between the ends of an axis; those beyond are drawn at its end. */
function span(value: number, ticks: readonly number[], from: number, to: number): number {
  const [first, last] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const share = Math.min(Math.max((value - first) / (last - first), 0), 1);
  return from + share * (to - from);
}

const fixed = (value: number): string => value.toFixed(1);
