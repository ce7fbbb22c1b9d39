// A parcel, drawn in the theme's own colour.
import { LabIcon } from "@jupyterlab/ui-components";

const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
  '<g class="jp-icon3" fill="#616161"><path d="M12 2 3 6.5v11L12 22l9-4.5v-11L12 2zm0 2.2 6.2 3.1L12 10.4 5.8 7.3 12 4.2z' +
  'M5 8.9l6 3v7.5l-6-3V8.9zm8 10.500v-7.5l6-3v7.500l-6 3z"/></g></svg>';

export const icon = new LabIcon({ name: "jupyter-modelpack:parcel", svgstr: SVG });
