// Follows the items of a server by client-go's reflector, as every controller does, and prints what
// it is told, a JSON object a line: "put" and "delete" of an event, "replace" of a whole new state.
//
//	client-go KUBECONFIG
//
// KUBE_FEATURE_WatchListClient says whether it lists, or streams its initial state.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

var items = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "items"}

type told struct {
	Type     string            `json:"type"`
	Name     string            `json:"name,omitempty"`
	Revision string            `json:"revision"`
	State    map[string]string `json:"state,omitempty"`
}

// teller is the store that a reflector fills: it keeps nothing, and prints all of it.
type teller struct {
	mu      sync.Mutex
	encoder *json.Encoder
}

func (t *teller) tell(line told) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.encoder.Encode(line)
}

func (t *teller) tellOf(kind string, object any) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	return t.tell(told{Type: kind, Name: accessor.GetName(), Revision: accessor.GetResourceVersion()})
}

func (t *teller) Add(object any) error    { return t.tellOf("put", object) }
func (t *teller) Update(object any) error { return t.tellOf("put", object) }
func (t *teller) Delete(object any) error { return t.tellOf("delete", object) }
func (t *teller) Resync() error           { return nil }

func (t *teller) Replace(objects []any, revision string) error {
	state := make(map[string]string, len(objects))
	for _, object := range objects {
		accessor, err := meta.Accessor(object)
		if err != nil {
			return err
		}
		state[accessor.GetName()] = accessor.GetResourceVersion()
	}
	return t.tell(told{Type: "replace", Revision: revision, State: state})
}

func run() error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	resource := client.Resource(items).Namespace("followed")
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return resource.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return resource.Watch(ctx, options)
		},
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	store := &teller{encoder: json.NewEncoder(os.Stdout)}
	cache.NewReflectorWithOptions(source, &unstructured.Unstructured{}, store, cache.ReflectorOptions{}).
		RunWithContext(ctx)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
