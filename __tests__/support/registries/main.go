// The registries of __tests__/integration/mirrors.test.ts, with their content in memory and without
// drivers of clouds, which would take most of the time to compile:
//
//	registries distribution serve <config.yml>    distribution 3
//	registries go-containerregistry <address>     with the referrers API
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	google "github.com/google/go-containerregistry/pkg/registry"
)

func run(name string, args []string) error {
	switch name {
	case "distribution":
		registry.RootCmd.SetArgs(args)
		return registry.RootCmd.Execute()
	case "go-containerregistry":
		return http.ListenAndServe(args[0], google.New(google.WithReferrersSupport(true)))
	}
	return fmt.Errorf("there is no registry %q", name)
}

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
