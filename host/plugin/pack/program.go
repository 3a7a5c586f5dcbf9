package pack

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// machines are the processors of Linux programs, by Go's names.
var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "386": elf.EM_386, "arm": elf.EM_ARM, "riscv64": elf.EM_RISCV,
	"ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390, "loong64": elf.EM_LOONGARCH,
}

// machine reads the processor that a Linux program is for; false if the file is none.
func machine(file string) (elf.Machine, bool, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, false, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	var head [20]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil // too short for one
		}
		return 0, false, err
	}
	if string(head[:4]) != elf.ELFMAG {
		return 0, false, nil
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	return elf.Machine(order.Uint16(head[18:])), true, nil
}

// checkProgram says what is wrong with a program that is to be for a platform, OS-ARCH.
func checkProgram(file, platform string) error {
	system, arch, _ := strings.Cut(platform, "-")
	if system != "linux" {
		return nil
	}
	want, known := machines[arch]
	got, isELF, err := machine(file)
	switch {
	case err != nil:
		return err
	case !isELF:
		return fmt.Errorf("is no Linux program, but is said to be one for %s", platform)
	case known && got != want:
		return fmt.Errorf("is a program for %s, but is said to be one for %s", strings.TrimPrefix(got.String(), "EM_"), platform)
	}
	return nil
}

// ProgramPlatform is the platform, OS-ARCH, of the Linux program in a file; empty if it is none, such as a script.
func ProgramPlatform(file string) (string, error) {
	got, isELF, err := machine(file)
	if err != nil || !isELF {
		return "", err
	}
	for arch, m := range machines {
		if m == got {
			return "linux-" + arch, nil
		}
	}
	return "", fmt.Errorf("%s is a program for %s, which Logcenter does not run on", file, strings.TrimPrefix(got.String(), "EM_"))
}
