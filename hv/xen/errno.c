/* SPDX-License-Identifier: MIT */
/*
 * errno.c - Xen's error numbers (xen/errno.h: Linux's) to newlib's.
 *
 * They agree up to 34 (ERANGE). Beyond, those that Xen, pciback or xenstored can produce are
 * translated; any other becomes -EIO.
 */
#include <errno.h>
#include <limits.h>

#include "hv/xen/xen.h"

/* The second section of xen/errno.h: XEN_E* constants, without touching newlib's E*. */
#include <xen/errno.h>

int hv_xen_errno(long ret)
{
	if (ret >= 0)
		return ret > INT_MAX ? INT_MAX : ret;
	if (ret >= -34)
		return ret;
	switch (-ret) {
	case XEN_EDEADLK:
		return -EDEADLK;
	case XEN_ENAMETOOLONG:
		return -ENAMETOOLONG;
	case XEN_ENOSYS:
		return -ENOSYS;
	case XEN_ENOTEMPTY:
		return -ENOTEMPTY;
	case XEN_ENODATA:
		return -ENODATA;
	case XEN_ETIME:
		return -ETIME;
	case XEN_EBADMSG:
		return -EBADMSG;
	case XEN_EOVERFLOW:
		return -EOVERFLOW;
	case XEN_EOPNOTSUPP:
		return -EOPNOTSUPP;
	case XEN_EADDRINUSE:
		return -EADDRINUSE;
	case XEN_ENOBUFS:
		return -ENOBUFS;
	case XEN_EISCONN:
		return -EISCONN;
	case XEN_ENOTCONN:
		return -ENOTCONN;
	case XEN_ETIMEDOUT:
		return -ETIMEDOUT;
	case XEN_ECONNREFUSED:
		return -ECONNREFUSED;
	default:
		return -EIO;
	}
}
