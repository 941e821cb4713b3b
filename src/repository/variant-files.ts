import { isName } from '../inference/names.ts';
import type { FileEntry, FolderEntries } from './contained-folder.ts';
import type { ModelSettings } from './model-config.ts';
import type { VariantSource } from './model-source.ts';
import type { MeasuredVariant, VariantsFile } from './variants-file.ts';

const VARIANT_FILE = /^model(?:_(.+))?\.onnx$/;

/** The graphs of a model of texts and images that is exported in two. */
const TOWER_FILE = /^(text|vision)_model(_.+)?\.onnx$/;

/** Files that are certainly not external data of an ONNX file. */
const SIDECAR = /\.(?:onnx|json|txt|md|pbtxt|model|py|tflite|png|svg)$/;

/** A file that may be a variant, and the folder it lies in. */
interface Candidate {
  readonly file: FileEntry;
  readonly siblings: FolderEntries;
}

export interface VariantQuery {
  /** Where the ONNX files are; the first folder that has a name wins. */
  readonly folders: readonly FolderEntries[];
  readonly settings: ModelSettings;
  readonly measured: VariantsFile | undefined;
  /** File of the variant "default", where a configuration names it. */
  readonly defaultFile?: string;
}

/**
 * The variants of one version: what lies there, and what variants.json or model.json name. One that is named and not
 * there, or a link out of the repository, is in the result with its `problem`.
 */
export function collectVariants({
  folders,
  settings,
  measured,
  defaultFile,
}: VariantQuery): ReadonlyMap<string, VariantSource> {
  const records = new Map(Object.entries(measured?.variants ?? {}));
  const variants = new Map<string, VariantSource>();
  const add = (variant: string, name: string) => {
    const candidate = findFile(name, folders);
    const source = candidate && sourceOf(variant, candidate, records.get(variant));
    variants.set(variant, source ?? withoutFile(variant, name, `file ${name} is not there`));
  };
  for (const [variant, name] of namesByVariant(folders)) add(variant, name);
  if (defaultFile !== undefined) add('default', defaultFile);
  for (const [variant, { file }] of records) add(variant, file);
  for (const name of folders.flatMap(({ refused }) => [...refused.keys()])) {
    const variant = variantOf(name);
    if (variant === undefined) continue;
    variants.set(variant, withoutFile(variant, name, `${name} is a link that leads out of the repository`));
  }
  const { variants: listed = [], defaultVariant } = settings;
  for (const variant of defaultVariant === undefined ? listed : [...listed, defaultVariant]) {
    if (!variants.has(variant)) add(variant, variant === 'default' ? 'model.onnx' : `model_${variant}.onnx`);
  }
  return variants;
}

/**
 * `default` for model.onnx, `int8` for model_int8.onnx, `text` and `text_int8` for text_model.onnx and
 * text_model_int8.onnx; undefined for any other name.
 */
function variantOf(fileName: string): string | undefined {
  const found = VARIANT_FILE.exec(fileName);
  const [, tower = '', kind = ''] = TOWER_FILE.exec(fileName) ?? [];
  const variant = found === null ? tower + kind : (found[1] ?? 'default');
  return isName(variant) ? variant : undefined;
}

/** File names by variant; where no name has the form of one, the only ONNX file there is becomes the default. */
function namesByVariant(folders: readonly FolderEntries[]): Map<string, string> {
  const names = folders.flatMap(({ files }) => [...files.keys()].filter((name) => name.endsWith('.onnx')));
  const byVariant = new Map<string, string>();
  for (const name of names) {
    const variant = variantOf(name);
    if (variant !== undefined) byVariant.set(variant, name);
  }
  const [only] = names;
  if (byVariant.size === 0 && names.length === 1 && only !== undefined) byVariant.set('default', only);
  return byVariant;
}

function findFile(name: string, folders: readonly FolderEntries[]): Candidate | undefined {
  for (const siblings of folders) {
    const file = siblings.files.get(name);
    if (file !== undefined) return { file, siblings };
  }
  return undefined;
}

function sourceOf(variant: string, { file, siblings }: Candidate, measured?: MeasuredVariant): VariantSource {
  const own = measured?.file === file.name ? measured : undefined;
  const { accuracy, sha256 } = own ?? {};
  const others = [...siblings.files.values()];
  const external = others.filter(
    ({ name }) => name.startsWith(`${file.name}_data`) || name === `${file.name}.data`,
  );
  const weights = others.filter(({ name }) => !SIDECAR.test(name));
  const data = weights.map(({ name, stamp }) => [name, stamp]);
  return {
    variant,
    name: file.name,
    path: file.path,
    bytes: external.reduce((sum, { bytes }) => sum + bytes, file.bytes),
    ...(accuracy === undefined ? {} : { accuracy }),
    ...(sha256 === undefined ? {} : { sha256 }),
    fingerprint: JSON.stringify([file.path, file.stamp, data, accuracy, sha256]),
    dataStamp: JSON.stringify(data),
    dataBytes: weights.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const withoutFile = (variant: string, name: string, problem: string): VariantSource => ({
  variant,
  name,
  path: '',
  bytes: 0,
  problem,
  fingerprint: problem,
  dataStamp: '',
  dataBytes: 0,
});
