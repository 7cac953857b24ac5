#!/usr/bin/env node
'use strict';

// Node 22 and later keep compiled code between runs: half of the start-up time of a hook.
require('node:module').enableCompileCache?.();
require('../dist/cli/main.js').main();
