// scripts/build-kernel.sh has this included in front of arch/x86/kernel/apic/apic.c: the one
// thing in Hammock's kernel that is not Linux's own.
//
// Linux measures how fast the interrupt controller's timer runs, for a tenth of a second at
// each boot, and then looks for a twentieth whether the timer's interrupts arrive. A guest of
// KVM is told the former and spared the latter; one of qemu's emulation (TCG) is not, though
// there, too, the timer counts nanoseconds, whatever the machine (hw/intc/apic_common.c).

#include <linux/init.h>
#include <asm/apic.h>
#include <asm/processor.h>
#include <asm/timer.h>

static int __init know_the_emulated_timers(void)
{
	if (hypervisor_cpuid_base("TCGTCGTCGTCG", 0)) {
		lapic_timer_period = 1000000000 / HZ;
		no_timer_check = 1;
	}
	return 0;
}
// Only initcalls for consoles come before the timers are set up.
console_initcall(know_the_emulated_timers);
