extension Timeline.Span {
    /// Its name, and what happens in it if we have words for that.
    public var label: String {
        let name = kind == .stretch ? "… \(name.shortened(to: 48))" : name
        return explanation.map { "\($0) (\(name))" } ?? name
    }

    /// What happens in it, for functions that often take long. The kernel's own names say little.
    private var explanation: String? {
        let known =
            switch kind {
            case .initcall: Self.initcalls
            case .stretch: Self.stretches
            case .phase, .probe, .step, .service, .failed, .open: [(String, String)]()
            }
        return known.first { name.hasPrefix($0.0) }?.1
    }

    private static let initcalls = [
        ("acpi_init", "devices, as the firmware's tables describe them"),
        ("chr_dev_init", "/dev/null and the terminals"),
        ("cmos_init", "the clock"),
        ("ged_driver_init", "the power button"),
        ("inet6_init", "IPv6"),
        ("inet_init", "IPv4"),
        ("net_dev_init", "network devices"),
        ("param_sysfs", "/sys/module"),
        ("pci_subsys_init", "PCI"),
        ("piix_init", "the ATA disk"),
        ("serial8250_init", "the serial line"),
        ("slab_late_init", "/sys/kernel/slab"),
        ("virtio_blk_init", "the disk"),
        ("virtio_pci", "virtio over PCI"),
    ]

    /// By the line of the log that ends the stretch.
    private static let stretches = [
        ("EXT4-fs", "the root is mounted"),
        ("Freeing unused kernel image (initmem)", "what only the start needed is wiped"),
        ("SLUB", "the memory allocator"),
        ("devtmpfs: initialized", "/sys, and the nodes of /dev"),
        ("printk: log_buf_len", "all memory is mapped"),
        ("rcu: Hierarchical", "the scheduler"),
        ("setup_percpu", "processors"),
    ]
}
