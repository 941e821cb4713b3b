import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import {
  fileNameOf,
  isRemovable,
  type Learned,
  readRecord,
  type VariantKey,
  type VariantRecord,
  writeRecord,
} from './variant-record.ts';

export interface StateFolderOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Files of variants to keep; the oldest above it are removed. Default 512. */
  readonly most?: number;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
}

const MOST_FILES = 512;
/** Files written between two looks at how many there are. */
const WRITES_PER_LOOK = 32;
/** Bytes; a record has about one thousand. */
const LARGEST_FILE = 16 * 1024;
const WRITABLE_BY_ALL = 0o002;
/** Of opening a file that is not there, or whose folder is none. */
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

/**
 * What was learned about variants and how rollouts stand, a file each, for the next start. It is a help and nothing
 * more: what cannot be read is not known, what cannot be written waits in memory, and neither ever fails a start.
 */
export class StateFolder {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #most: number;
  readonly #now: () => number;
  /** Contents by name. */
  readonly #unwritten = new Map<string, string>();
  #writing: Promise<void> = Promise.resolve();
  #failing = false;
  #writes = 0;

  constructor({ path, logger, most = MOST_FILES, now = Date.now }: StateFolderOptions) {
    this.#path = path;
    this.#logger = logger;
    this.#most = most;
    this.#now = now;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#now();
  }

  /** What is known under the key; undefined where nothing is, or nothing that can be trusted. */
  async read(key: VariantKey): Promise<VariantRecord | undefined> {
    return this.load(fileNameOf(key), (content) => readRecord(content, key, this.#now()));
  }

  /** What `parse` makes of a file, which throws where it is not to be trusted. */
  async load<Record>(name: string, parse: (content: string) => Record): Promise<Record | undefined> {
    try {
      const content = await this.#content(name);
      return content === undefined ? undefined : parse(content);
    } catch (error) {
      this.#logger.warn({ file: join(this.#path, name), reason: messageOf(error) }, 'state file ignored');
      return undefined;
    }
  }

  /** Never rejects. */
  async write(key: VariantKey, learned: Learned): Promise<void> {
    let content: string;
    try {
      content = writeRecord(key, learned);
    } catch (error) {
      // A model file chooses its names and messages: they may be longer than what is read again.
      this.#logger.debug({ reason: messageOf(error) }, 'a variant is not kept for the next start');
      return;
    }
    await this.save(fileNameOf(key), content);
  }

  /**
   * Never rejects: what cannot be written is tried again with the next save. Whoever reads meanwhile finds the file as
   * it was or as it is then, never a part of it.
   */
  save(name: string, content: string): Promise<void> {
    this.#unwritten.set(name, content);
    this.#writing = this.#writing.then(() => this.#writeAll());
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    let failure: unknown;
    for (const [name, content] of this.#unwritten) {
      try {
        await this.#replace(name, content);
        if (this.#unwritten.get(name) === content) this.#unwritten.delete(name);
      } catch (error) {
        failure = error;
      }
    }
    // One line for all that fails before everything is written again.
    if (failure !== undefined && !this.#failing) {
      const reason = messageOf(failure);
      this.#logger.warn(
        { stateDir: this.#path, reason },
        'nothing is kept for the next start until it can be written',
      );
    }
    this.#failing = failure !== undefined;
  }

  async #replace(name: string, content: string): Promise<void> {
    const target = join(this.#path, name);
    const unfinished = `${target}.${randomBytes(6).toString('hex')}.new`;
    await mkdir(this.#path, { recursive: true, mode: 0o700 });
    try {
      await writeFile(unfinished, content, { flag: 'wx', mode: 0o600 });
      await rename(unfinished, target);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => {});
      throw error;
    }
    if (this.#writes++ % WRITES_PER_LOOK === 0) await this.#removeOldest();
  }

  /** Undefined where there is no such file. A pipe or a link in its place is not waited for or followed. */
  async #content(name: string): Promise<string | undefined> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    let file: FileHandle;
    try {
      file = await open(join(this.#path, name), flags);
    } catch (error) {
      if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return undefined;
      throw error;
    }
    try {
      const info = await file.stat();
      if (!info.isFile()) throw new Error('it is not a file');
      if (info.size > LARGEST_FILE) throw new Error(`it has ${info.size} bytes, more than ${LARGEST_FILE}`);
      if ((info.mode & WRITABLE_BY_ALL) !== 0) throw new Error('everybody may write it');
      const owner = process.getuid?.();
      if (owner !== undefined && info.uid !== owner && info.uid !== 0)
        throw new Error('it is of another user');
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LARGEST_FILE), 0, LARGEST_FILE, 0);
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  }

  async #removeOldest(): Promise<void> {
    const names = (await readdir(this.#path)).filter(isRemovable);
    if (names.length <= this.#most) return;
    const aged = await Promise.all(
      names.map(async (name) => {
        const written = await stat(join(this.#path, name)).catch(() => undefined);
        return { name, written: written?.mtimeMs ?? 0 };
      }),
    );
    const oldest = aged.sort((a, b) => a.written - b.written).slice(0, names.length - this.#most);
    await Promise.all(oldest.map(({ name }) => rm(join(this.#path, name), { force: true })));
  }
}
