import { type JsonObject, numberField, objectField, textField } from '../export-folder.ts';

/** Tokenizers write "no limit" as 1e30. */
export const NO_LIMIT = 1e9;

/** Model types whose position table begins after the padding index, as RoBERTa's does. */
const OFFSET_POSITIONS = new Set([
  'roberta',
  'xlm-roberta',
  'xlm-roberta-xl',
  'camembert',
  'mpnet',
  'longformer',
  'roberta-prelayernorm',
  'ibert',
  'data2vec-text',
]);

/** What the configuration of a model says about the texts it reads. */
export interface TextLimits {
  /** Most tokens, special ones included; undefined where the export sets no limit. */
  readonly maxLength: number | undefined;
  /** Whether the model tells a pair's texts apart; where it does not, its table of types has one row. */
  readonly hasTypes: boolean;
  /** For a tokenizer that does not say. */
  readonly padId: number;
}

/** @param other a limit from another file of the export */
export function textLimits(tokenizer: JsonObject, model: JsonObject, other: number | undefined): TextLimits {
  const text = objectField(model, 'text_config') ?? model;
  const limits = [numberField(tokenizer, 'model_max_length'), positions(text), other].filter(
    (limit): limit is number => limit !== undefined && limit > 0 && limit < NO_LIMIT,
  );
  return {
    maxLength: limits.length === 0 ? undefined : Math.min(...limits),
    hasTypes: numberField(model, 'type_vocab_size') !== 1,
    padId: numberField(text, 'pad_token_id') ?? 0,
  };
}

function positions(config: JsonObject): number | undefined {
  const rows = numberField(config, 'max_position_embeddings');
  if (rows === undefined || !OFFSET_POSITIONS.has(textField(config, 'model_type') ?? '')) return rows;
  return rows - (numberField(config, 'pad_token_id') ?? 1) - 1;
}
