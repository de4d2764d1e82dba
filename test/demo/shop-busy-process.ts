// Keeps one core busy for as long as its parent lives.
for (;;) {
  const until = performance.now() + 100;
  while (performance.now() < until);
  await new Promise((resolve) => setImmediate(resolve));
  if (!process.connected) break;
}
