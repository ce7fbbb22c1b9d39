// What keeps the page's stream open as long as it is to be seen.
import { Widget } from "@lumino/widgets";
import type { Store } from "./store";

export class Shown extends Widget {
  // Kept when it is to be seen for the first time.
  readonly seen: Promise<void>;
  private see: () => void = () => undefined;
  private release: (() => void) | null = null;

  constructor(protected readonly store: Store, options?: Widget.IOptions) {
    super(options);
    this.seen = new Promise((done) => (this.see = done));
  }

  override dispose(): void {
    super.dispose();
    this.watch(false);
  }

  protected override onAfterAttach(): void {
    this.watch(this.isVisible);
  }

  protected override onAfterShow(): void {
    this.watch(this.isVisible);
  }

  protected override onAfterHide(): void {
    this.watch(false);
  }

  protected override onBeforeDetach(): void {
    this.watch(false);
  }

  private watch(seen: boolean): void {
    if (seen) {
      this.release ??= this.store.watch();
      this.see();
    } else {
      this.release?.();
      this.release = null;
    }
  }
}
