// The one stream of events: read by fetch, which can carry the token, and taken up again where it broke off.
import { address, open } from "./api";

export interface IEvent {
  id: string;
  kind: string;
  data: any;
}

const PATIENCE_MS = [500, 1_000, 2_000, 5_000, 10_000];

// The server says something every 15 seconds; a connection that is silent for longer died without a word: a lid was closed.
const SILENCE_MS = 45_000;

export class Stream {
  private last = "";
  private broken = 0;
  private abort: AbortController | null = null;
  private closed = false;

  // `heard` gets each event; `connected` whether the stream is open; `query` says what is to be followed.
  constructor(
    private readonly heard: (event: IEvent) => void,
    private readonly connected: (open: boolean) => void,
    private readonly query: () => Record<string, string>,
  ) {
    void this.run();
  }

  // Ask again, because what is to be followed has changed; nothing is missed.
  again(): void {
    this.broken = 0;
    this.abort?.abort();
  }

  close(): void {
    this.closed = true;
    this.abort?.abort();
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      this.abort = new AbortController();
      const { signal } = this.abort;
      try {
        const headers = { Accept: "text/event-stream", "Last-Event-ID": this.last };
        const response = await open(address("events", this.query()), { method: "GET", headers, signal, cache: "no-store" });
        if (!response.ok || !response.body) throw new Error(response.statusText);
        this.broken = 0;
        this.connected(true);
        await this.read(response.body, this.abort);
      } catch {
        // The server has gone, or we have asked anew.
      }
      if (signal.aborted) continue;
      this.connected(false);
      const wait = PATIENCE_MS[Math.min(this.broken, PATIENCE_MS.length - 1)];
      this.broken += 1;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  private async read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const silence = window.setTimeout(() => abort.abort(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => window.clearTimeout(silence));
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) this.take(part);
    }
  }

  private take(part: string): void {
    const fields = new Map(part.split("\n").map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)] as const;
    }));
    const data = fields.get("data");
    if (data === undefined) return;
    const id = fields.get("id") ?? "";
    this.heard({ id, kind: fields.get("event") ?? "", data: JSON.parse(data) });
    if (id) this.last = id;
  }
}
