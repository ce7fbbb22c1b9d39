// A panel inside a panel: the kernel names its model, the page makes a view of it.
export function child(model, place) {
  let shown = "";
  const show = async () => {
    const id = model.get("child");
    if (!id || id === shown) return;
    shown = id;
    const inner = await model.widget_manager.get_model(id);
    const view = await model.widget_manager.create_view(inner);
    place.replaceChildren(view.el);
  };
  model.on("change:child", show);
  show();
  return () => model.off("change:child", show);
}
