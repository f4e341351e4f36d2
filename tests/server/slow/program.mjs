// SPDX-License-Identifier: GPL-3.0-or-later
// Imported first: loads are put on the optimised program where there is one beside the build with sanitizers, since memory
// and times are those that its users will see.
import { existsSync } from "node:fs";

const optimised = process.env.KLATCH_OPTIMISED_SERVER;
const found = optimised && existsSync(optimised);
if (found) process.env.KLATCH_SERVER = optimised;

/** The program under test has sanitizers: its memory says nothing. */
export const sanitized = Boolean(optimised) && !found;
