// What people read: words in their language, bytes and lengths of time.
import type { ITranslator, TranslationBundle } from "@jupyterlab/translation";
import { nullTranslator } from "@jupyterlab/translation";

const DOMAIN = "jupyter_modelpack";

export let t: TranslationBundle = nullTranslator.load(DOMAIN);

export function speak(translator: ITranslator): void {
  t = translator.load(DOMAIN);
}

// Words that the server sends are English; those that the catalogue knows are said in the reader's language.
export function translated(text: string): string {
  return text ? t.__(text) : text;
}

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (count >= 999.5 && unit < units.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return `${Number(count.toPrecision(3))} ${units[unit]}`;
}

export function seconds(count: number): string {
  if (count < 10) return `${count.toFixed(1)} s`;
  if (count < 60) return `${Math.round(count)} s`;
  const whole = Math.round(count);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 48 * 3600) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return t.__("%1 days", Math.floor(whole / 86400));
}
