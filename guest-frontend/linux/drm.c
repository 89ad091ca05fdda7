/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * drm.c - the render node that programs see.
 *
 * It answers DRM's core requests and GETPARAM. It has no DRIVER_GEM because it serves no buffer
 * objects to programs, and its name is not "nouveau" because it could not keep what that name
 * promises to Mesa. A file that outlives the connection gets ENODEV from every request.
 */
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/xen_vgpu_drm.h>

#include "front.h"

static int getparam(struct front_conn *conn, struct drm_xen_vgpu_getparam *args)
{
	struct xenvgpu_info_resp info;
	int ret;

	switch (args->param) {
	case XEN_VGPU_PARAM_PROTOCOL_VERSION:
		args->value = XENVGPU_PROTOCOL_VERSION;
		return 0;
	case XEN_VGPU_PARAM_FEATURES:
		args->value = conn->copy_ok ? XEN_VGPU_FEATURE_BAR_COPY : 0;
		return 0;
	case XEN_VGPU_PARAM_PCI_VENDOR:
		args->value = conn->info.pci_vendor;
		return 0;
	case XEN_VGPU_PARAM_PCI_DEVICE:
		args->value = conn->info.pci_device;
		return 0;
	case XEN_VGPU_PARAM_PMC_BOOT_0:
		args->value = conn->info.pmc_boot_0;
		return 0;
	case XEN_VGPU_PARAM_PMC_BOOT_42:
		args->value = conn->info.pmc_boot_42;
		return 0;
	case XEN_VGPU_PARAM_VRAM_SIZE:
		args->value = conn->info.vram_size;
		return 0;
	case XEN_VGPU_PARAM_VRAM_FREE:
		ret = front_info(conn, &info);
		if (!ret)
			args->value = info.vram_free;
		return ret;
	default:
		return -EINVAL;
	}
}

static int getparam_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	int index, ret;

	if (!drm_dev_enter(drm, &index))
		return -ENODEV;
	ret = getparam(container_of(drm, struct front_conn, drm), data);
	drm_dev_exit(index);
	return ret;
}

static const struct drm_ioctl_desc front_ioctls[] = {
	DRM_IOCTL_DEF_DRV(XEN_VGPU_GETPARAM, getparam_ioctl, DRM_RENDER_ALLOW),
};

static const struct file_operations front_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
};

static const struct drm_driver front_drm_driver = {
	.driver_features = DRIVER_RENDER,
	.ioctls = front_ioctls,
	.num_ioctls = ARRAY_SIZE(front_ioctls),
	.fops = &front_fops,
	.name = "xen-vgpu",
	.desc = "Xen virtual GPU",
	.date = "20261122",
	.major = 0,
	.minor = 1,
};

/*
 * The managed reference is put in a group of its own, named by the connection, so that it can be
 * dropped when the connection ends and not only when the driver is unbound.
 */
struct front_conn *front_drm_alloc(struct device *parent)
{
	struct front_conn *conn;
	void *group = devres_open_group(parent, NULL, GFP_KERNEL);

	if (!group)
		return ERR_PTR(-ENOMEM);
	conn = devm_drm_dev_alloc(parent, &front_drm_driver, struct front_conn, drm);
	devres_close_group(parent, group);
	if (IS_ERR(conn))
		devres_release_group(parent, group);
	else
		conn->devres = group;
	return conn;
}

int front_drm_register(struct front_conn *conn)
{
	int ret = drm_dev_register(&conn->drm, 0);

	conn->registered = !ret;
	return ret;
}
