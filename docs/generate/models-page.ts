import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MeasuredVersion, readMeasuredVersions } from '../../src/repository/measured-versions.ts';
import { openRepository } from '../../src/repository/model-repository.ts';
import { cardOf, summaryOf } from './card.ts';
import { familyPicture } from './family-picture.ts';
import { joined, table } from './markdown.ts';

const INTRODUCTION = `# The shipped models

Made by \`npm run docs:models\` from the \`variants.json\` of each model in [models/](../models/); do not edit. The same figures are in a terminal
with \`npx sluice models\`. All models were trained from scratch by the [model factory](../models/factory/README.md), on public data, without
pretrained weights; whose data it is stands in [models/NOTICE](../models/NOTICE).`;

const READING = `Accuracy comes from rows that no model learned from; the official test splits were never read. Intervals are 95 % (Wilson). Latency is that of
the bare runtime, without the server. In the pictures the line is the Pareto front: the best accuracy that is to be had in so many milliseconds;
a variant off the line has another one that is as fast and as accurate, and better in one of both. The calibration error is the mean gap between
a score and how often it is right (15 bins). A length is a number of words.`;

/** docs/models.md and its pictures, path (from the root of the repository) to text, made from what is in models/. */
export async function modelsPage(root: string): Promise<ReadonlyMap<string, string>> {
  const versions = newest(await readMeasuredVersions(openRepository({ path: join(root, 'models') })));
  const files = new Map<string, string>();
  const cards = versions.map((version) => {
    const picture = familyPicture(version, versions);
    const name = `img/models-${version.model}.svg`;
    if (picture !== undefined) files.set(`docs/${name}`, picture);
    const text = cardText(root, version.model);
    return cardOf({ version, text, picture: picture === undefined ? undefined : name });
  });
  const head = ['model', 'task', 'data', 'accuracy of default', 'variants', 'MB'];
  const list = table(head, versions.map(summaryOf));
  files.set('docs/models.md', joined([INTRODUCTION, list, READING, ...cards.map((card) => card.trim())]));
  return files;
}

/** Where the words of a card lie that are no data, from the root of the repository. */
export const cardPath = (model: string): string => `models/factory/cards/${model}.md`;

function cardText(root: string, model: string): string {
  const path = join(root, cardPath(model));
  // Cards link to each other as files; here they are sections of one page.
  return existsSync(path) ? readFileSync(path, 'utf8').replace(/\]\(([\w-]+)\.md\)/g, '](#$1)') : '';
}

/** The newest version of each model. */
function newest(versions: readonly MeasuredVersion[]): MeasuredVersion[] {
  const byModel = new Map(versions.map((version) => [version.model, version]));
  return [...byModel.values()];
}
