// The request as one would write it in a shell or in Python.
export function curl(url, body) {
  return `curl -H 'Content-Type: application/json' --data '${body.replaceAll("'", `'\\''`)}' ${url}`;
}

export function python(url, body) {
  return [
    "import requests",
    "",
    `body = ${JSON.stringify(body)}`,
    `answer = requests.post("${url}", data=body.encode(), headers={"Content-Type": "application/json"})`,
    "print(answer.status_code, answer.json())",
  ].join("\n");
}
