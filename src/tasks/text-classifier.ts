import type { ServedVersion } from '../inference/served.ts';
import { type ExportFolder, type JsonObject, jsonObject, objectField, textField } from './export-folder.ts';
import { labelsOf } from './labels.ts';
import { isScored, scoreOutput } from './outputs.ts';
import { rerank } from './rerank.ts';
import type { Task, TaskModel, TaskName, TaskSet } from './task.ts';
import { logitsOfStrings, stringInput } from './text/string-runs.ts';
import { type EncodeRequest, openTextEncoder, type TextEncoder } from './text/text-encoder.ts';
import { fixedLength, textInputs } from './text/text-rows.ts';
import { runTexts } from './text/text-runs.ts';
import type { TextInput } from './text/text-tokenizer.ts';
import { textClassification } from './text-classification.ts';
import { zeroShotClassification } from './zero-shot-classification.ts';

export interface ClassRow {
  readonly data: Float32Array;
  /** The numbers are scores already: no function belongs on them. */
  readonly scored: boolean;
}

/** A model that gives each text, or pair of texts, a row of logits. */
export interface TextClassifier {
  readonly config: JsonObject;
  readonly labels: (index: number) => string;
  /** The logits of each input, or its scores where the graph gives those. */
  logits(
    inputs: readonly TextInput[],
    request: EncodeRequest,
    model: TaskModel,
    field?: string,
  ): Promise<ClassRow[]>;
}

/**
 * The tasks of a sequence classifier: an NLI model also judges labels it never saw, one with a single logit also ranks.
 */
export async function textClassifierTasks(folder: ExportFolder, served: ServedVersion): Promise<TaskSet> {
  const config = await jsonObject(folder, 'config.json');
  const classifier: TextClassifier = {
    config,
    labels: labelsOf(config),
    logits: readsStrings(served) ? logitsOfStrings : logitsBy(await openTextEncoder(folder, config)),
  };
  const tasks = new Map<TaskName, Task>([['text-classification', textClassification(classifier)]]);
  const labels = Object.entries(objectField(config, 'id2label') ?? {});
  const entailment = labels.find(([, label]) => /^entail/i.test(String(label)))?.[0];
  if (entailment !== undefined) {
    tasks.set('zero-shot-classification', zeroShotClassification(classifier, Number(entailment)));
  }
  if (labels.length === 1 || textField(config, 'problem_type') === 'regression') {
    tasks.set('rerank', rerank(classifier));
  }
  return tasks;
}

const logitsBy =
  (encoder: TextEncoder): TextClassifier['logits'] =>
  async (inputs, request, model, field) => {
    const limit = fixedLength(textInputs(model.signature, model.name));
    const encoded = await encoder.encode(inputs, request, limit, field);
    const output = scoreOutput(model);
    const rows = await runTexts(encoded, encoder, model, output);
    return rows.map(({ data }) => ({ data, scored: isScored(output) }));
  };

const readsStrings = ({ variants }: ServedVersion): boolean =>
  [...variants.values()].some(({ signature }) => stringInput(signature) !== undefined);
