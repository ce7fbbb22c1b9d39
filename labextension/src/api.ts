// Questions to the Jupyter server, and what it answers.
import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";

export interface IFailure {
  code: string;
  message: string;
  hint: string;
  step: string;
  lines: string[];
}

export class Refused extends Error {
  constructor(readonly status: number, readonly failure: IFailure) {
    super(failure.message);
  }
}

export interface IOption {
  name: string;
  help: string;
  kind: "text" | "flag" | "number" | "pair";
  default: unknown;
  many: boolean;
  metavar: string;
  choices: string[];
  between: [number, number];
  completes: string;
}

export interface IVerb {
  summary: string;
  options: IOption[];
}

export interface IAbout {
  version: string;
  verbs: Record<string, IVerb>;
}

export type Form = Record<string, unknown>;

export interface IStage {
  name: string;
  title: string;
  state: "waiting" | "running" | "done" | "failed" | "cancelled";
  seconds: number;
  done: number;
  total: number;
  remaining: number | null;
}

export interface IJob {
  id: string;
  verb: string;
  form: Form;
  state: "running" | "done" | "failed" | "cancelled" | "lost";
  seconds: number;
  stages: IStage[];
  result: any;
  error: IFailure | null;
  first: number;
  lines: string[];
}

export interface IRow {
  name: string;
  cells: string[];
  ours: boolean;
  actions: string[];
}

export interface IPage {
  page: number;
  pages: number;
  count: number;
  of: number;
  first: number;
  rows: IRow[];
  columns: string[];
  marks: boolean;
}

export interface IService {
  name: string;
  state: string;
  ready: boolean;
  trouble: string;
  ended: boolean;
  engine: string;
  image: string;
  port: number;
  url: string;
  uptime: number | null;
  exit: number | null;
  death: IFailure | null;
  sample?: string;
  languages?: Record<string, string>;
}

const settings = ServerConnection.makeSettings();

export function address(path: string, query: Record<string, string> = {}, base = settings.baseUrl): string {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value));
  return URLExt.join(base, "jupyter-modelpack", path) + URLExt.objectToQueryString(given);
}

// As JupyterLab opens the sockets of its kernels: with cookies, or with the token where the server is another host.
export function socket(path: string, query: Record<string, string>): WebSocket {
  const { WebSocket: Socket, wsUrl, token, appendToken } = settings;
  return new Socket(address(path, { ...query, token: appendToken ? token : "" }, wsUrl));
}

function open(url: string, init: RequestInit): Promise<Response> {
  return ServerConnection.makeRequest(url, init, settings);
}

export async function get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  return answer(await open(address(path, query), { method: "GET" }));
}

export async function post<T>(path: string, form: Form = {}): Promise<T> {
  return answer(await open(address(path), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(form) }));
}

export function failureOf(error: unknown): IFailure {
  if (error instanceof Refused) return error.failure;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "no-server", message, hint: "", step: "", lines: [] };
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  let found: any;
  try {
    found = JSON.parse(text);
  } catch {
    found = { message: `${response.status} ${response.statusText}` };
  }
  if (response.ok) return found as T;
  throw new Refused(response.status, { code: "", message: "", hint: "", step: "", lines: [], ...found });
}
