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

export const ERROR_ANSWER = {
  type: 'object',
  required: ['error'],
  properties: { error: { type: 'string' } },
};
