// Package autoexport stands for OpenTelemetry's, whose exporters take most of the time to compile. The
// tests' registries export no traces.
package autoexport

import (
	"context"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// NewSpanExporter has the signature of the real one, as far as distribution uses it.
func NewSpanExporter(context.Context) (trace.SpanExporter, error) {
	return tracetest.NewNoopExporter(), nil
}
