// Which URL reaches a service from where; the kernel says where it runs, the page where it was opened.
const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const ANYWHERE = "Score goes through the kernel, from anywhere.";

export function reach(url, port, { kind, host, proxy }) {
  const there = `${url} reaches it on ${host}, where the kernel runs`;
  if (kind === "hub" && proxy)
    return `${there}; ${location.origin}${proxy}${port}/score from where you opened JupyterHub. ${ANYWHERE}`;
  if (kind === "hub") return `${there}; from your own computer no URL does on JupyterHub. ${ANYWHERE}`;
  if (kind === "ssh") return `${there}; from your own computer, too, after: ssh -L ${port}:localhost:${port} ${host}. ${ANYWHERE}`;
  if (LOOPBACK.includes(location.hostname)) return `${url} reaches it from this computer. ${ANYWHERE}`;
  return `${there}; from your own computer no URL does. ${ANYWHERE}`;
}
