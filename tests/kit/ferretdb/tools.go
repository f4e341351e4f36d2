// SPDX-License-Identifier: GPL-3.0-or-later

//go:build tools

// Package ferretdb names the test database, so that Go's tools can pin and vendor it; .ci/ferretdb builds it.
package ferretdb

import _ "github.com/FerretDB/FerretDB/cmd/ferretdb"
