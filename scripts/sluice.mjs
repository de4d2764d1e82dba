#!/usr/bin/env node
import './require-node.mjs';

await import('../dist/src/cli.js');
