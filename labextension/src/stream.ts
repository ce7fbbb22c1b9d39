// The one stream of events: a WebSocket, for of other requests a browser allows a host six at a time, for all pages
// together; taken up again where it broke off, and open only while the page is looked at.
import { socket } from "./api";

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
  private now: WebSocket | null = null;
  private silence = 0;
  private waiting = 0;
  private wanted = false;

  // `heard` gets each event; `connected` whether the stream is open; `query` says what is to be followed.
  constructor(
    private readonly heard: (event: IEvent) => void,
    private readonly connected: (open: boolean) => void,
    private readonly query: () => Record<string, string>,
  ) {}

  open(): void {
    this.wanted = true;
    if (!this.now && !this.waiting) this.connect();
  }

  close(): void {
    this.wanted = false;
    this.drop();
  }

  // Ask again, because what is to be followed has changed; nothing is missed.
  again(): void {
    this.broken = 0;
    this.drop();
    if (this.wanted) this.connect();
  }

  private connect(): void {
    const mine = socket("events", { ...this.query(), last: this.last });
    this.now = mine;
    mine.onopen = () => {
      if (mine !== this.now) return;
      this.broken = 0;
      this.connected(true);
    };
    mine.onmessage = (message) => {
      if (mine !== this.now) return;
      this.listen();
      this.take(JSON.parse(message.data as string) as IEvent);
    };
    mine.onclose = () => {
      if (mine === this.now) this.lost();
    };
    this.listen();
  }

  // One that says nothing for too long, not even that it is open, has died.
  private listen(): void {
    window.clearTimeout(this.silence);
    this.silence = window.setTimeout(() => this.lost(), SILENCE_MS);
  }

  private lost(): void {
    this.drop();
    this.connected(false);
    const wait = PATIENCE_MS[Math.min(this.broken, PATIENCE_MS.length - 1)];
    this.broken += 1;
    this.waiting = window.setTimeout(() => {
      this.waiting = 0;
      if (this.wanted) this.connect();
    }, wait);
  }

  // One that is dropped is heard no more: a page's own close takes as long as the other side likes.
  private drop(): void {
    window.clearTimeout(this.silence);
    window.clearTimeout(this.waiting);
    this.waiting = 0;
    const old = this.now;
    this.now = null;
    old?.close();
  }

  private take(event: IEvent): void {
    if (event.kind !== "pulse") this.heard(event);
    if (event.id) this.last = event.id;
  }
}
