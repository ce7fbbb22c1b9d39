// What this page knows of the server: version, jobs, settings; kept up to date by the stream.
import { ISignal, Signal } from "@lumino/signaling";
import type { Form, IAbout, IJob, IService } from "./api";
import { get, post } from "./api";
import { IEvent, Stream } from "./stream";

const ALL = ["models", "packages", "images", "services"];

export interface ISettings {
  engine: string;
  workspace: string;
  base: string;
  port: number;
}

export class Store {
  readonly jobs = new Map<string, IJob>();
  about: IAbout | null = null;
  settings: ISettings = { engine: "", workspace: "", base: "", port: 6789 };
  service = "";
  // Jobs that failed while this page looked on; a page that is loaded again knows the others as history.
  readonly failed = new Set<string>();
  private readonly stream: Stream;
  private readonly _job = new Signal<this, IJob>(this);
  private readonly _changed = new Signal<this, string[]>(this);
  private readonly _connected = new Signal<this, boolean>(this);
  private readonly _followed = new Signal<this, IEvent>(this);
  private open: boolean | null = null;
  private watching = 0;

  constructor() {
    this.stream = new Stream(
      (event) => this.take(event),
      (open) => this.connection(open),
      () => ({ ...this.target(), service: this.service }),
    );
  }

  // A job has begun, gone on or ended.
  get job(): ISignal<this, IJob> {
    return this._job;
  }

  // Tables have changed.
  get changed(): ISignal<this, string[]> {
    return this._changed;
  }

  get connected(): ISignal<this, boolean> {
    return this._connected;
  }

  // News of the service that is followed.
  get followed(): ISignal<this, IEvent> {
    return this._followed;
  }

  target(): Record<string, string> {
    return { workspace: this.settings.workspace, engine: this.settings.engine };
  }

  async load(): Promise<IAbout> {
    this.about = await get<IAbout>("about");
    return this.about;
  }

  configure(settings: ISettings): void {
    const before = JSON.stringify(this.target());
    this.settings = settings;
    if (JSON.stringify(this.target()) === before) return;
    this.stream.again();
    this._changed.emit(ALL);
  }

  // Keep what is known up to date, until the function that this returns is called: the stream is open as long as anybody does.
  watch(): () => void {
    this.watching += 1;
    this.stream.open();
    let done = false;
    return () => {
      if (done) return;
      done = true;
      this.watching -= 1;
      if (this.watching) return;
      this.stream.close();
      this.open = null; // not known: it is asked again when a page is looked at
    };
  }

  close(): void {
    this.stream.close();
    Signal.clearData(this);
  }

  // Also one that is followed already: another may have taken its name, and a new view wants its log from the beginning.
  follow(service: string): void {
    this.service = service;
    this.stream.again();
  }

  // Add the workspace and the engine of the settings where the verb takes them and nobody said otherwise.
  placed(verb: string, form: Form): Form {
    const known = new Set(this.about?.verbs[verb]?.options.map((option) => option.name));
    const made: Form = { ...form };
    for (const [name, value] of Object.entries(this.target())) {
      if (value && known.has(name) && !made[name]) made[name] = value;
    }
    return made;
  }

  async start(verb: string, form: Form): Promise<IJob> {
    const job = await post<IJob>(`start/${verb}`, this.placed(verb, form));
    if (!this.jobs.has(job.id)) this.keep(job);
    return this.jobs.get(job.id) ?? job;
  }

  // Do a verb as a job, and wait for its end: where paths mean what they mean in the file browser.
  async finish(verb: string, form: Form): Promise<IJob> {
    const release = this.watch();
    try {
      const job = await this.start(verb, form);
      return await new Promise((resolve) => {
        const heard = (_store: Store, one: IJob): void => {
          if (one.id !== job.id || one.state === "running") return;
          this._job.disconnect(heard);
          resolve(one);
        };
        this._job.connect(heard);
        heard(this, this.jobs.get(job.id) ?? job);
      });
    } finally {
      release();
    }
  }

  private take(event: IEvent): void {
    if (event.kind === "whole") this.whole(event.data as IJob[]);
    else if (event.kind === "job") this.keep(event.data as IJob);
    else if (event.kind === "changed") this._changed.emit((event.data as { tables: string[] }).tables);
    else this._followed.emit(event);
  }

  // All there is: what the server has forgotten is forgotten here.
  private whole(jobs: IJob[]): void {
    const there = new Set(jobs.map((job) => job.id));
    for (const id of this.jobs.keys()) if (!there.has(id)) this.jobs.delete(id);
    for (const job of jobs) {
      if (!this.jobs.has(job.id)) this.jobs.set(job.id, job);
      this.keep(job);
    }
    this._changed.emit(ALL);
  }

  private keep(job: IJob): void {
    const before = this.jobs.get(job.id)?.state ?? "running";
    if (before === "running" && (job.state === "failed" || job.state === "lost")) this.failed.add(job.id);
    this.jobs.set(job.id, job);
    this._job.emit(job);
  }

  private connection(open: boolean): void {
    // A new connection reads a service's log from its beginning.
    if (open && this.service) this._followed.emit({ id: "", kind: "restart", data: { name: this.service } as Partial<IService> });
    if (open === this.open) return;
    this.open = open;
    this._connected.emit(open);
  }
}
