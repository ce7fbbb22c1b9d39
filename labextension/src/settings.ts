// The settings: read into the store whenever they change, and shown in the reader's language.
import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import type { Store } from "./store";
import { translated } from "./words";

export async function follow(id: string, registry: ISettingRegistry, store: Store): Promise<void> {
  // Jupyter's server translates settings from the language pack alone, where an extension's words are not.
  registry.transform(id, { fetch: (plugin) => ({ ...plugin, schema: spoken(plugin.schema) }) });
  const settings = await registry.load(id);
  const read = (): void => {
    const { engine, workspace, baseImage, port } = settings.composite as Record<string, unknown>;
    store.configure({ engine: String(engine ?? ""), workspace: String(workspace ?? ""), base: String(baseImage ?? ""), port: Number(port ?? 6789) });
  };
  settings.changed.connect(read);
  read();
}

function spoken(schema: ISettingRegistry.ISchema): ISettingRegistry.ISchema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, one]) =>
    [name, { ...one, title: translated(one.title ?? ""), description: translated(one.description ?? "") }]);
  return { ...schema, title: translated(schema.title ?? ""), description: translated(schema.description ?? ""), properties: Object.fromEntries(properties) };
}
