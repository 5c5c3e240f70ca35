// Package load sends a fixed number of requests to the shop.
package load

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Plan is how many requests go to one endpoint, in bursts of Burst, one burst every Every.
type Plan struct {
	Method string
	Path   string
	Total  int
	Burst  int
	Every  time.Duration
}

// tenantOf gives six of ten requests to acme, three to globex, one to initech.
func tenantOf(n int) string {
	switch n % 10 {
	case 1, 4, 7:
		return "globex"
	case 9:
		return "initech"
	default:
		return "acme"
	}
}

// Run carries out all plans side by side and returns the first failure.
func Run(base string, plans []Plan) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	defer client.CloseIdleConnections()
	failures := make(chan error, len(plans))
	var wg sync.WaitGroup
	for _, plan := range plans {
		wg.Go(func() { failures <- plan.run(client, base) })
	}
	wg.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func (p Plan) run(client *http.Client, base string) error {
	tick := time.NewTicker(p.Every)
	defer tick.Stop()
	for sent := 0; sent < p.Total; sent += p.Burst {
		if err := p.burst(client, base, sent); err != nil {
			return err
		}
		<-tick.C
	}
	return nil
}

func (p Plan) burst(client *http.Client, base string, first int) error {
	failures := make(chan error, p.Burst)
	var wg sync.WaitGroup
	for i := range p.Burst {
		wg.Go(func() { failures <- p.send(client, base, tenantOf(first+i)) })
	}
	wg.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func (p Plan) send(client *http.Client, base, tenant string) error {
	req, err := http.NewRequest(p.Method, base+p.Path+"?tenant="+tenant, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: status %d", p.Method, p.Path, resp.StatusCode)
	}
	return nil
}
