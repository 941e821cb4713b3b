/** Milliseconds after which what a client was given counts for a third. */
const MEMORY_MS = 2000;
const MOST_CLIENTS = 1024;
/** Totals are added up again after this time, milliseconds. */
const FRESH_MS = 20;
/** A client below this share of the mean is not active. */
const LEAST_ACTIVE = 0.01;

interface Account {
  given: number;
  at: number;
}

/**
 * Who was given how much of the node lately, so that under load a client that takes more than its share leaves room for
 * those who take less.
 */
export class ClientShares {
  readonly #accounts = new Map<string, Account>();
  #fairShare = Infinity;
  #summedAt = -Infinity;

  /** @param work node milliseconds that were accepted for the client */
  charge(client: string, work: number, now: number): void {
    const account = this.#accounts.get(client);
    if (account !== undefined) {
      account.given = decayed(account, now) + work;
      account.at = now;
      return;
    }
    if (this.#accounts.size >= MOST_CLIENTS) this.#forget(now);
    this.#accounts.set(client, { given: work, at: now });
  }

  /** How far the client is above an equal share: 0 at or below it, 1 at twice of it and beyond. */
  excess(client: string, now: number): number {
    const account = this.#accounts.get(client);
    if (account === undefined || this.#accounts.size === 1) return 0;
    if (now - this.#summedAt > FRESH_MS) this.#sum(now);
    return Math.min(Math.max(decayed(account, now) / this.#fairShare - 1, 0), 1);
  }

  #sum(now: number): void {
    let total = 0;
    for (const account of this.#accounts.values()) {
      account.given = decayed(account, now);
      account.at = now;
      total += account.given;
    }
    const least = (LEAST_ACTIVE * total) / this.#accounts.size;
    let active = 0;
    for (const { given } of this.#accounts.values()) if (given > least) active += 1;
    this.#fairShare = active > 1 ? total / active : Infinity;
    this.#summedAt = now;
  }

  /** Drops the clients that were given least; the loudest are those to remember. */
  #forget(now: number): void {
    const ranked = [...this.#accounts].sort(([, a], [, b]) => decayed(b, now) - decayed(a, now));
    for (const [client] of ranked.slice(MOST_CLIENTS / 2)) this.#accounts.delete(client);
  }
}

const decayed = ({ given, at }: Account, now: number): number =>
  given * Math.exp(-Math.max(now - at, 0) / MEMORY_MS);
