/** JSON schemas of the larger bodies, for the OpenAPI document. The codecs check, these only tell. */
import { DATATYPES } from '../tensor/datatype.ts';

const PARAMETERS = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
};

const TENSOR = {
  name: { type: 'string' },
  shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
  datatype: { enum: Object.keys(DATATYPES) },
  parameters: PARAMETERS,
  data: { type: 'array', items: {}, description: 'row-major; flat, or nested as the shape' },
};

export const INFER_BODY = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: { type: 'string' },
    parameters: PARAMETERS,
    inputs: {
      type: 'array',
      items: { type: 'object', required: ['name', 'shape', 'datatype'], properties: TENSOR },
    },
    outputs: {
      type: 'array',
      description: 'every output when left out',
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, parameters: PARAMETERS },
      },
    },
  },
};

export const INFER_ANSWER = {
  type: 'object',
  properties: {
    model_name: { type: 'string' },
    model_version: { type: 'string' },
    id: { type: 'string' },
    parameters: PARAMETERS,
    outputs: { type: 'array', items: { type: 'object', properties: TENSOR } },
  },
};

export const TASK_BODY = {
  type: 'object',
  required: ['inputs'],
  properties: {
    inputs: { description: 'a text or a list of texts', examples: ['how do i reset my pin'] },
    parameters: { type: 'object' },
  },
};

/** Of the forms that have no parameters of their own. */
const SCHEDULING = {
  ...PARAMETERS,
  description: 'those of inference: `variant`, `timeout`, `min_accuracy` and others',
};

export const RERANK_BODY = {
  type: 'object',
  required: ['model', 'query', 'texts'],
  properties: {
    model: { type: 'string' },
    query: { type: 'string' },
    texts: { type: 'array', items: { type: 'string' } },
    raw_scores: { type: 'boolean', description: 'the logits, without the sigmoid' },
    return_text: { type: 'boolean' },
    truncate: { type: 'boolean' },
    parameters: SCHEDULING,
  },
};

export const RERANK_ANSWER = {
  type: 'array',
  items: {
    type: 'object',
    properties: { index: { type: 'integer' }, score: { type: 'number' }, text: { type: 'string' } },
  },
};

export const EMBEDDINGS_BODY = {
  type: 'object',
  required: ['model', 'input'],
  properties: {
    model: { type: 'string' },
    input: { description: 'a text, a list of texts, a list of token ids or a list of those' },
    encoding_format: { enum: ['float', 'base64'] },
    dimensions: { type: 'integer', minimum: 1, description: 'keeps the first numbers, at length 1' },
    user: { type: 'string' },
    truncation: { type: 'boolean', description: 'cut a text that is too long; it is refused otherwise' },
    parameters: SCHEDULING,
  },
};

export const EMBEDDINGS_ANSWER = {
  type: 'object',
  properties: {
    object: { const: 'list' },
    model: { type: 'string' },
    data: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          object: { const: 'embedding' },
          index: { type: 'integer' },
          embedding: { description: 'numbers, or base64 of little-endian 32-bit floats' },
        },
      },
    },
    usage: {
      type: 'object',
      properties: { prompt_tokens: { type: 'integer' }, total_tokens: { type: 'integer' } },
    },
  },
};

export const ERROR_ANSWER = {
  type: 'object',
  required: ['error'],
  properties: { error: { type: 'string' } },
};
