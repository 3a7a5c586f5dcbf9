package main

import (
	"encoding/csv"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/logcenter/logcenter/sdk/client"
)

func newAssetCommand(c *connection) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "asset",
		Short: "devices that logs come from, and the lists of assets",
		Long: `Compare the devices that logs come from with the lists of assets that the plugin asset has.

What an asset is, and where the lists lie, is the plugin's configuration: ` + "`logcenter plugin info asset`" + `.`,
		Example: `  logcenter asset unknown`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAssetUnknownCommand(c))
	return cmd
}

const unknownHelp = `List the devices that logs come from and no asset is known for, those with the most events first: by host.name, else by
observer.ip, else by the address that sent the lines. Devices whose newest events have an asset are left out: they have
been adopted.

The list is made of the stored events that have no asset.id, so it is exact and complete for the time range.

-o csv is lines for a list of assets, for you to complete: id is the device's name, ip an address only if all its lines
came from that one and no other device's did (else they came through a relay).`

func newAssetUnknownCommand(c *connection) *cobra.Command {
	var (
		s     selection
		out   output
		limit int
	)
	cmd := &cobra.Command{
		Use:   "unknown [QUERY]",
		Short: "list devices that no asset is known for, for adoption",
		Long:  unknownHelp + "\n\n" + queryHelp + "\n\n" + timesHelp,
		Example: `  logcenter asset unknown
  logcenter asset unknown --from -30d 'observer.type:firewall'
  logcenter asset unknown -o csv > new-assets.csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			zone, err := s.location()
			if err != nil {
				return err
			}
			if limit < 1 { // 0 would be the client's default; what is too much it says itself
				return usagef("--limit %d is not possible: 1 to %d", limit, client.MaxUnknownDevices)
			}
			cl, err := c.client()
			if err != nil {
				return err
			}
			query := queryOf(args)
			u, err := cl.UnknownDevices(cmd.Context(), s.of(query), limit)
			if err != nil {
				return inQuery(err, query)
			}
			for _, n := range u.Notices {
				tell(cmd.ErrOrStderr(), "note: %s\n", n)
			}
			if out.format == "csv" {
				err = writeAssets(cmd.OutOrStdout(), u.Devices, func(name string) {
					tell(cmd.ErrOrStderr(), "note: %q is no name of a host and left out\n", printable(name))
				})
			} else {
				err = out.print(cmd.OutOrStdout(), unknownTable(u.Devices, zone), u)
			}
			if err != nil {
				return err
			}
			tellUnknown(cmd.ErrOrStderr(), u)
			return nil
		},
	}
	s.flags(cmd)
	cmd.Flags().Lookup("from").DefValue = "-7d"
	s.from = "-7d"
	cmd.Flags().IntVar(&limit, "limit", 1000, "at most so many devices")
	out.flags(cmd.Flags(), "the devices, times in UTC")
	completeOutput(cmd)
	return cmd
}

func unknownTable(devices []client.UnknownDevice, zone *time.Location) *table {
	t := newTable("device", "addresses", "type", "dataset", "parser", "events", "first", "last").numbers("events")
	for _, d := range devices {
		t.add(d.Name, strings.Join(d.Addresses, " "), d.Type, d.Dataset, d.Parser, grouped(d.Events), d.First.In(zone).Format(shownTime), d.Last.In(zone).Format(shownTime))
	}
	return t
}

// tellUnknown says what the list does not.
func tellUnknown(w io.Writer, u *client.UnknownDevices) {
	tell(w, "%s without an asset", counted(len(u.Devices), "device"))
	if u.Adopted > 0 {
		tell(w, ", %s adopted meanwhile", grouped(int64(u.Adopted)))
	}
	if u.More > 0 {
		tell(w, "; %s of further devices: --limit shows them", counted(int(u.More), "event"))
	}
	tell(w, "\n")
	if u.Known == 0 && len(u.Devices) > 0 {
		tell(w, "note: no event of this time has an asset: does the plugin asset run, and does it have a list? `logcenter plugin info asset`\n")
	}
}

// writeAssets writes lines for a list of assets.
func writeAssets(w io.Writer, devices []client.UnknownDevice, left func(name string)) error {
	senders := map[string]int{} // devices by address
	for _, d := range devices {
		for _, a := range d.Addresses {
			senders[a]++
		}
	}
	out := csv.NewWriter(w)
	_ = out.Write([]string{"id", "name", "type", "ip", "hostname", "owner", "department", "system", "criticality", "zone"}) // Error has it
	for _, d := range devices {
		id, ip := d.Name, ""
		if len(d.Addresses) == 1 && senders[d.Addresses[0]] == 1 {
			ip = d.Addresses[0]
		}
		if id == "" {
			id, ip = d.Addresses[0], d.Addresses[0]
		}
		if !hostName(id) {
			left(id)
			continue
		}
		_ = out.Write([]string{id, id, d.Type, ip, d.Name, "", "", "", "", ""})
	}
	out.Flush()
	return out.Error()
}

// hostName says whether a list of assets can have a name: names are parted by blanks and commas there, # begins a
// comment, and a spreadsheet takes some characters for a formula. A path, of a file that was read, is none.
func hostName(s string) bool {
	return s != "" && !strings.ContainsAny(s[:1], "#=+-@/") && !strings.ContainsFunc(s, func(c rune) bool {
		return c == ',' || c == ';' || unicode.IsSpace(c) || unicode.IsControl(c)
	})
}
