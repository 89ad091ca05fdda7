/* SPDX-License-Identifier: MIT */
/*
 * crash - makes a running PV domain crash inside: puts an undefined instruction over its code.
 *
 *	crash DOMID ADDRESS	ADDRESS: of a function in its address space, hexadecimal
 *
 * The domain traps when it next comes by there, with its own state and its own words, as from a bug.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h>
#include <xenforeignmemory.h>

#define PAGE 4096ul

int main(int argc, char **argv)
{
	static const unsigned char ud2[] = {0x0f, 0x0b};
	xenforeignmemory_handle *mem = xenforeignmemory_open(NULL, 0);
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	unsigned long domid, address;
	xen_pfn_t frame;
	char *page;

	if (argc != 3 || !mem || !xc) {
		fprintf(stderr, "usage: crash DOMID ADDRESS, in dom0\n");
		return 2;
	}
	domid = strtoul(argv[1], NULL, 10);
	address = strtoul(argv[2], NULL, 16);
	frame = xc_translate_foreign_address(xc, (uint32_t)domid, 0, address);
	page = frame ? xenforeignmemory_map(mem, (uint32_t)domid, PROT_READ | PROT_WRITE, 1, &frame,
					    NULL)
		     : NULL;
	if (!page) {
		fprintf(stderr, "crash: domain %lu has nothing at %#lx\n", domid, address);
		return 1;
	}
	memcpy(page + address % PAGE, ud2, sizeof(ud2));
	xenforeignmemory_unmap(mem, page, 1);
	return 0;
}
