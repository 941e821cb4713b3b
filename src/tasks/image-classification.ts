import { z } from 'zod';
import { parseBody, requestBody, TOP_K } from './body.ts';
import { type ExportFolder, jsonObject } from './export-folder.ts';
import { prepareImages } from './image/image-host.ts';
import { asBody, IMAGE, IMAGES } from './image/image-input.ts';
import { channelsOf, runImages } from './image/image-runs.ts';
import { readImageSettings } from './image/image-settings.ts';
import { labelsOf } from './labels.ts';
import { DEFAULT_TOP_K } from './limits.ts';
import { scoreOutput } from './outputs.ts';
import { defaultFunction, SCORE_FUNCTIONS, topLabels, toScores } from './scores.ts';
import type { Task, TaskSet } from './task.ts';

const BODY = requestBody(
  z.union([IMAGE, IMAGES], { error: 'must be an image in base64, or a list of those' }),
  {
    top_k: TOP_K.optional(),
    function_to_apply: SCORE_FUNCTIONS.optional(),
  },
);

/**
 * Labels for images: `{label, score}`, best first, for an image sent as bytes or base64; a list of those for a list.
 */
export async function imageClassifierTasks(folder: ExportFolder): Promise<TaskSet> {
  const config = await jsonObject(folder, 'config.json');
  const settings = await readImageSettings(folder);
  const labels = labelsOf(config);
  const task: Task = {
    async run(body, model) {
      const { inputs, parameters } = parseBody(BODY, asBody(body));
      const list = Array.isArray(inputs) ? inputs : [inputs];
      const images = await prepareImages(list, settings, channelsOf(model));
      const { top_k: topK = DEFAULT_TOP_K, function_to_apply: given } = parameters;
      const answers = (await runImages(images, model, scoreOutput(model))).map((row) => {
        const apply = given ?? defaultFunction(config['problem_type'], row.length);
        return topLabels(toScores(row, apply), labels, topK ?? row.length);
      });
      return Array.isArray(inputs) ? answers : answers[0];
    },
  };
  return new Map([['image-classification', task]]);
}
