// Sentences that the server makes of words and data: said in the reader's language where the catalogue knows how.
import { t } from "./words";

// `%1` stands for data. A test holds them beside what the server says, and beside the catalogue.
const PHRASES = [
  "Less than a second ago", "1 second ago", "%1 seconds ago", "About a minute ago", "%1 minutes ago", "About an hour ago",
  "%1 hours ago", "%1 days ago", "%1 weeks ago", "%1 months ago", "%1 years ago",
  "starting", "running", "exited", "gone",
  "Environment", "Dependencies", "Model", "App", "Image",
  "Base image from Debian %1 packages", "Base image %1 (%2)", "Building the base image with %1 (%2)", "base image with %1",
  "Python %1 on %2", "1 model", "%1 models", "Entry script %1", "Writing the manifest", "Writing the environment image and the Dockerfile",
  "Making %1 packages again", "Reading the image", "Reading the workspace at %1", "Reading the cache at %1", "Collecting in the workspace at %1",
  "Collecting in the cache at %1", "Pushing to %1", "Pushing %1 to %2", "Writing %1 to %2", "Reading %1", "Into %1", "Starting %1",
  "%1 small packages (%2)", "%1 packages", "Trying %1 with this notebook's packages", "Asking the package what the notebook answers",
  "Asking the script in this Python", "Asking the package", "scoring server", "app", "model %1",
  "environment", "bytecode of Python's own modules",
].map((text) => ({ text, shape: new RegExp(`^${text.replace(/[()]/g, "\\$&").replace(/%\d/g, "(.+)")}$`) }));

export function said(text: string): string {
  for (const { text: phrase, shape } of PHRASES) {
    const found = shape.exec(text);
    if (found) return t.__(phrase, ...found.slice(1));
  }
  return text;
}

// What a verb does, as a button and the heading of a job say it.
export function deed(verb: string): string {
  const deeds: Record<string, string> = {
    package: t.__("Package"), plan: t.__("Plan"), run: t.__("Run"), push: t.__("Push"), save: t.__("Save"), load: t.__("Load"),
    register: t.__("Register"), pull: t.__("Put into the engine"), base: t.__("Make a base image"), check: t.__("Check"), gc: t.__("Free space"),
    prove: t.__("Prove"), client: t.__("Client code"),
  };
  return deeds[verb] ?? verb;
}
