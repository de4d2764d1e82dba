const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `Sluice needs Node 24 or newer; this is Node ${process.versions.node}.\n` +
      'The repository brings its own through npm: run `npm ci` (without --ignore-scripts), then `npm start` or `npm test`.',
  );
  process.exit(1);
}
